-- Hands a running job back unfinished: to the head of its priority, without using an attempt.
-- Input   ARGV[5] id  ARGV[6] token
-- Output  ms of a rate limit or 0, or -1, -2, -3, -6 as in advance
-- Events  waiting. Contract: status_updated
--@include held

local id = ARGV[5]
checkTypes()

local refused = refusal(id, ARGV[6])
if refused then return refused end

letGo(id)
redis.call('SET', statusKey(id), 'pending')
redis.call('ZADD', keys.queue, exact(headScore(notedPriority(id))), id)
emit('waiting', 'jobId', id, 'prev', 'active')
publish(id, 'pending')
wakeWorker()
return math.max(0, redis.call('PTTL', keys.limiter))
