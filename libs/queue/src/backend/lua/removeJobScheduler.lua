-- Removes a job scheduler, and its next run while that is delayed.
-- Input   ARGV[5] scheduler
-- Output  0, or 1 when there is no such scheduler
-- Events  removed
--@include announce discard settle scheduled

local scheduler = ARGV[5]
checkTypes()
local current = currentRun(scheduler)
if current and redis.call('ZSCORE', keys.delayed, current) then
  discard(current, true)
  emit('removed', 'jobId', current, 'prev', 'delayed')
end
redis.call('UNLINK', schedulerKey(scheduler))
return redis.call('ZREM', keys.schedulers, scheduler) == 1 and 0 or 1
