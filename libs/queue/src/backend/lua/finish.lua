-- Ends a running job as completed or failed, and claims the next one in the same step.
-- Input   ARGV[5] id  ARGV[6] token ('0' = none needed)  ARGV[7] 'completed' or 'failed'
--         ARGV[8] result JSON, or the reason  ARGV[9] extra fields, JSON array of names and values, or ''
--         ARGV[10] attempts allowed  ARGV[11] how many of this end to keep (-1 all, 0 none)  ARGV[12] seconds to keep, 0 any
--         ARGV[13] most to evict  ARGV[14] '1' = claim the next  ARGV[15] lease in ms  ARGV[16] worker's name or ''
--         ARGV[17] ids to leave to other workers, JSON array, or ''  ARGV[18] worker's terms, JSON, or ''
-- Output  the claim's tuple, 0 when none was asked for, or -1 no such job, -2 claim gone, -3 not running,
--         -4 children are pending, -6 held by another, -9 a child failed that must not
-- Events  completed or failed, retries-exhausted, drained, active. Contract: status_updated, job_completed, job_failed
--@include claim held finish

local id, token, target, value = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local keepCount, keepAge = tonumber(ARGV[11]), tonumber(ARGV[12])
checkTypes()
checkParentTypes(id)

-- The caller's worker goes on with the next job, if it wants one.
local function goOn()
  if ARGV[14] ~= '1' then
    emitDrained()
    slotFreed()
    return 0
  end
  local next = claimNext(token, tonumber(ARGV[15]), ARGV[16], ARGV[17], ARGV[18])
  if not next[1] then emitDrained() end
  return next
end

local refused = refusal(id, token)
if refused then
  -- The same report again: its answer was lost with the connection.
  local known = token ~= '0' and redis.call('HGET', jobKey(id), 'endedBy') == token
  if known and redis.call('ZSCORE', keys[target], id) then return goOn() end
  return refused
end

if target == 'completed' then
  if redis.call('SCARD', pendingKey(id)) > 0 then return -4 end
  if redis.call('ZCARD', unsuccessfulKey(id)) > 0 then return -9 end
end

setFields(id, ARGV[9])
letGo(id)
if token ~= '0' then redis.call('HSET', jobKey(id), 'endedBy', token) end
redis.call('ZREM', keys.queue, id)
local made = redis.call('HINCRBY', jobKey(id), 'attemptsMade', 1)
redis.call('HSET', jobKey(id), 'finishedOn', exact(now))
dropExpired(100)
countEnd(target)

if target == 'completed' then
  redis.call('SET', resultKey(id), value)
  emit('completed', 'jobId', id, 'returnvalue', value, 'prev', 'active')
else
  redis.call('HSET', jobKey(id), 'failedReason', value)
  if made >= tonumber(ARGV[10]) then emit('retries-exhausted', 'jobId', id, 'attemptsMade', made) end
  emit('failed', 'jobId', id, 'failedReason', value, 'prev', 'active')
end

tellEnded(id, target, value)
if keepCount == 0 then
  evictOne(id)
else
  if target == 'failed' then redis.call('HDEL', jobKey(id), 'deferredFailure') end
  redis.call('SET', statusKey(id), target)
  redis.call('ZADD', keys[target], exact(now), id)
  keepOrExpire(id, target)
  evict(keys[target], keepCount, keepAge, tonumber(ARGV[13]))
end
publish('status_updated', id, target)
publish('job_' .. target, id, target)

return goOn()
