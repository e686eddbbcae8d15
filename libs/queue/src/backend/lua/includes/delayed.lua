-- Delayed jobs: `delayed` holds id -> time in ms plus a fraction that keeps arrival order within one ms.
-- A delayed job is `pending` to Go and not in `<p>queue`. Needs context, announce, place, wake, settle.

local FRACTION = 2 ^ -11

local function delayUntil(id, due)
  due = math.floor(due)
  local last = redis.call('ZREVRANGEBYSCORE', keys.delayed, '(' .. exact(due + 1), exact(due), 'WITHSCORES', 'LIMIT', 0, 1)
  local score = last[2] and math.min(tonumber(last[2]) + FRACTION, due + 1 - FRACTION) or due
  redis.call('ZADD', keys.delayed, exact(score), id)
end

-- Puts a job whose time has come at the tail of its priority.
local function makeReady(id)
  redis.call('ZREM', keys.delayed, id)
  if settleIfEnded(id) then return end
  redis.call('HSET', jobKey(id), 'delay', 0)
  redis.call('SET', statusKey(id), 'pending')
  redis.call('ZADD', keys.queue, exact(tailScore(notedPriority(id))), id)
  emit('waiting', 'jobId', id, 'prev', 'delayed')
end

-- Makes the delayed jobs ready that are due, at most `limit`.
local function promoteDue(limit)
  local due = redis.call('ZRANGEBYSCORE', keys.delayed, '-inf', '(' .. exact(now + 1), 'LIMIT', 0, limit)
  for _, id in ipairs(due) do makeReady(id) end
  if #due > 0 then wakeWorker() end
  return #due
end
