-- When a delayed job is due: `delayed` holds id -> time in ms plus a fraction that keeps arrival order within
-- one ms. A delayed job is `pending` to Go and not in `<p>queue`.
--@include context
--@exports delayUntil undelay

local FRACTION = 2 ^ -11

function delayUntil(id, due)
  due = math.floor(due)
  local last = redis.call('ZREVRANGEBYSCORE', keys.delayed, '(' .. exact(due + 1), exact(due), 'WITHSCORES', 'LIMIT', 0, 1)
  local score = last[2] and math.min(tonumber(last[2]) + FRACTION, due + 1 - FRACTION) or due
  redis.call('ZADD', keys.delayed, exact(score), id)
end

-- Takes a job that is parked no more out of the index by type, see `parked`, or out of those that its batch holds.
local function unpark(id)
  local name = redis.call('HGET', keys['parked-of'], id)
  if not name then
    -- One that its batch holds, see `batches`.
    local batch = redis.pcall('HGET', stateKey(id), 'batch')
    if type(batch) == 'string' then redis.pcall('ZREM', base .. 'batch-held:' .. batch, id) end
    return
  end
  redis.call('HDEL', keys['parked-of'], id)
  redis.call('ZREM', base .. 'parked:' .. name, id)
  if redis.call('EXISTS', base .. 'parked:' .. name) == 0 then redis.call('SREM', keys['parked-types'], name) end
end

-- Takes a job out of the delayed ones, a parked one too. Returns false when it is none of them.
function undelay(id)
  if redis.call('ZREM', keys.delayed, id) == 0 then return false end
  if redis.call('ZREM', keys.parked, id) == 1 then unpark(id) end
  return true
end
