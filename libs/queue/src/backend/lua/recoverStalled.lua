-- Puts back the jobs whose lease has ended, at most once an interval over all workers.
-- Input   ARGV[5] how often a job may stall before it is failed  ARGV[6] interval in ms
-- Output  ids put back; false when another worker looked within the interval
-- Events  stalled, waiting; completed or failed, for jobs that a legacy service ended. Contract: status_updated
--@include recover repaired

checkTypes()
if not redis.call('SET', keys.swept, '1', 'NX', 'PX', ARGV[6]) then return false end
repairLimits()
return recoverExpired(tonumber(ARGV[5]), 500)
