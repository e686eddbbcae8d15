-- State of a job.
-- Input   ARGV[5] id
-- Output  waiting, prioritized, delayed, active, completed, failed, cancelled or unknown
--@include whereabouts

return stateOf(ARGV[5])
