-- Cancels a job that has not finished, wherever it stands; a running handler is told on the cancel channel.
-- Input   ARGV[5] id  ARGV[6] reason
-- Output  'cancelled', or the status of a job that had finished before, or false when there is no such job
-- Events  failed (BullMQ's only end without a result). Contract: status_updated, job_cancelled
--@include cancelling

checkTypes()
return cancelJob(ARGV[5], ARGV[6])
