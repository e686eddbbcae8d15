-- Making delayed jobs ready.
--@include context announce place wake later settle
--@exports makeReady promoteDue

-- Puts a job whose time has come at the tail of its priority. A parked one goes to its own place.
function makeReady(id)
  local place = redis.call('ZSCORE', keys.parked, id)
  undelay(id)
  if settleIfEnded(id) then return end
  if place then return redis.call('ZADD', keys.queue, place, id) end
  redis.call('HSET', jobKey(id), 'delay', 0)
  redis.call('SET', statusKey(id), 'pending')
  redis.call('ZADD', keys.queue, exact(tailScore(notedPriority(id))), id)
  emit('waiting', 'jobId', id, 'prev', 'delayed')
end

-- Makes the delayed jobs ready that are due, at most `limit`.
function promoteDue(limit)
  local due = redis.call('ZRANGEBYSCORE', keys.delayed, '-inf', '(' .. exact(now + 1), 'LIMIT', 0, limit)
  for _, id in ipairs(due) do makeReady(id) end
  if #due > 0 then wakeWorker() end
  return #due
end
