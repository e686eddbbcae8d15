-- Changes when a delayed job becomes ready.
-- Input   ARGV[5] id  ARGV[6] delay in ms from now
-- Output  0, -1 no such job, -3 not delayed
-- Events  delayed
--@include context announce wake later

local id, delay = ARGV[5], tonumber(ARGV[6])
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
if not redis.call('ZSCORE', keys.delayed, id) or redis.call('ZSCORE', keys.parked, id) then return -3 end
redis.call('ZREM', keys.delayed, id)
redis.call('HSET', jobKey(id), 'delay', exact(delay))
delayUntil(id, now + delay)
emit('delayed', 'jobId', id, 'delay', exact(now + delay))
armDue()
return 0
