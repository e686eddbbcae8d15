-- When a delayed job is due: `delayed` holds id -> time in ms plus a fraction that keeps arrival order within
-- one ms. A delayed job is `pending` to Go and not in `<p>queue`.
--@include context
--@exports delayUntil

local FRACTION = 2 ^ -11

function delayUntil(id, due)
  due = math.floor(due)
  local last = redis.call('ZREVRANGEBYSCORE', keys.delayed, '(' .. exact(due + 1), exact(due), 'WITHSCORES', 'LIMIT', 0, 1)
  local score = last[2] and math.min(tonumber(last[2]) + FRACTION, due + 1 - FRACTION) or due
  redis.call('ZADD', keys.delayed, exact(score), id)
end
