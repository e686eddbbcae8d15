-- Pauses a job scheduler: it keeps its settings and makes no run until it is resumed. Its next run is removed while that is
-- delayed; one whose time has come stays.
-- Input   ARGV[5] scheduler
-- Output  0, 1 when there is no such scheduler, 2 when it is paused already
-- Events  removed
--@include announce discard settle scheduled

local scheduler = ARGV[5]
checkTypes()
if not redis.call('ZSCORE', keys.schedulers, scheduler) then return 1 end
if isPausedScheduler(scheduler) then return 2 end
local current = currentRun(scheduler)
local isDelayed = redis.call('ZSCORE', keys.delayed, current)
if isDelayed then
  discard(current, true)
  emit('removed', 'jobId', current, 'prev', 'delayed')
end
redis.call('ZADD', keys.schedulers, '+inf', scheduler)
redis.call('HDEL', schedulerKey(scheduler), 'runId')
redis.call('HSET', schedulerKey(scheduler), 'paused', exact(now), 'taken', isDelayed and '1' or '0')
return 0
