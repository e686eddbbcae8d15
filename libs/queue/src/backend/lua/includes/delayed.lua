-- Making delayed jobs ready.
--@include context announce place wake later settle
--@exports makeReady promoteDue

-- Puts a job whose time has come at the tail of its priority. A parked one goes to its own place.
function makeReady(id)
  local place = redis.call('ZSCORE', keys.parked, id)
  undelay(id)
  if settleIfEnded(id) then return end
  if place then
    if not batches.place(id, place) then redis.call('ZADD', keys.queue, place, id) end
    return
  end
  redis.call('HSET', jobKey(id), 'delay', 0)
  redis.call('SET', statusKey(id), 'pending')
  local score = exact(tailScore(notedPriority(id)))
  if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
  emit('waiting', 'jobId', id, 'prev', 'delayed')
end

-- Makes the delayed jobs ready that are due, at most `limit`.
function promoteDue(limit)
  local due = redis.call('ZRANGEBYSCORE', keys.delayed, '-inf', '(' .. exact(now + 1), 'LIMIT', 0, limit)
  for _, id in ipairs(due) do makeReady(id) end
  if #due > 0 then wakeWorker() end
  return #due
end
