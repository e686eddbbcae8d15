-- Keeping finished jobs as long as the caller wants.
--@include context wake announce discard
--@exports evictOne evict timeOfEnd emitDrained setFields

-- Results stay with the parent; one that waits for a failed child no longer does. Its deduplication id lasts.
function evictOne(id)
  leaveParent(id, false)
  forget(id)
end

-- Evicts from `set` what is beyond `count` (-1 keeps all) or older than `maxAge` seconds (0 = any age).
-- At most `limit` a call, oldest first.
function evict(set, count, maxAge, limit)
  if maxAge > 0 then
    local old = redis.call('ZRANGEBYSCORE', set, '-inf', exact(now - maxAge * 1000), 'LIMIT', 0, limit)
    for _, id in ipairs(old) do evictOne(id) end
  end
  if count >= 0 then
    local surplus = redis.call('ZCARD', set) - count
    if surplus > 0 then
      for _, id in ipairs(redis.call('ZRANGE', set, 0, math.min(surplus, limit) - 1)) do evictOne(id) end
    end
  end
end

-- The time under which a job is listed as ended where only the newest are to be kept: behind those that ended before it in
-- the same millisecond, whose ids would decide otherwise, and not later than now.
function timeOfEnd(target)
  memo.ends = memo.ends or {}
  local last = memo.ends[target] or tonumber(redis.call('ZRANGE', keys[target], -1, -1, 'WITHSCORES')[2] or 0)
  local before = last < now and math.max(last, now - 1) or now - 1
  memo.ends[target] = before + 1 / 1024
  return exact(math.min(memo.ends[target], now))
end

-- `drained`: nothing waits, runs or comes later.
function emitDrained()
  if redis.call('ZCARD', keys.queue) == 0 and redis.call('ZCARD', keys.leases) == 0
    and redis.call('ZCARD', keys.delayed) == 0 and not isPaused() then
    emit('drained')
  end
end

-- Sets fields given as a JSON array of names and values; '' sets none.
function setFields(id, json)
  if json == '' then return end
  local fields = cjson.decode(json)
  if #fields > 0 then redis.call('HSET', jobKey(id), unpack(fields)) end
end
