-- Wakes a worker when a legacy service has ended a job of a queue that was at its limit.
-- Output  0
-- Events  completed, failed
--@include slots

checkTypes()
recordEnds(200)
if redis.call('ZCARD', keys.queue) > 0 then wakeWorker() end
return 0
