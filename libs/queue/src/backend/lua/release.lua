-- Hands a running job back unfinished: to the head of its priority, without using an attempt.
-- Input   ARGV[5] id  ARGV[6] token  ARGV[7] '1' = it never ran: it was claimed ahead of a worker that did not ask for it.
--         Then nothing of the run is left, and its start does not count
-- Output  ms of a rate limit or 0, or -1, -2, -3, -6 as in advance
-- Events  waiting. Contract: status_updated
--@include held

local id = ARGV[5]
checkTypes()

local refused = refusal(id, ARGV[6])
if refused then return refused end

if ARGV[7] == '1' then
  redis.call('HDEL', keys.runs, id)
  local starts = setting('max') and redis.call('GET', keys.limiter)
  if starts and (tonumber(starts) or 0) > 0 then redis.call('DECR', keys.limiter) end
end
letGo(id)
redis.call('SET', statusKey(id), 'pending')
redis.call('ZADD', keys.queue, exact(headScore(notedPriority(id))), id)
emit('waiting', 'jobId', id, 'prev', 'active')
publish(id, 'pending')
wakeWorker()
return math.max(0, redis.call('PTTL', keys.limiter))
