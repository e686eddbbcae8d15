-- Putting back a job whose runner is gone.
--@include context announce place wake held scheduled
--@exports putBack recoverExpired

-- Puts `id` at the head of its priority. Beyond `maxStalls` it carries a `deferredFailure`, with which
-- the next worker fails it instead of running it; but a scheduler's runs may stall for ever.
function putBack(id, maxStalls)
  letGo(id)
  redis.call('ZREM', keys.missing, id)
  local stalls = redis.call('HINCRBY', jobKey(id), 'stalledCounter', 1)
  if stalls > maxStalls and not schedulerOf(id) then
    redis.call('HSET', jobKey(id), 'deferredFailure', 'job stalled more than allowable limit')
  end
  redis.call('SET', statusKey(id), 'pending')
  persist(id)
  local score = exact(headScore(notedPriority(id)))
  if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
  emit('stalled', 'jobId', id)
  emit('waiting', 'jobId', id, 'prev', 'active')
  publish(id, 'pending')
  wakeWorker()
end

-- Puts back the running jobs whose lease has ended, at most `limit`. Returns their ids.
function recoverExpired(maxStalls, limit)
  local expired = redis.call('ZRANGEBYSCORE', keys.leases, '-inf', exact(serverNow()), 'LIMIT', 0, limit)
  local back = {}
  for _, id in ipairs(expired) do
    if settleIfEnded(id) then
      -- Nothing is left to put back.
    else
      putBack(id, maxStalls)
      back[#back + 1] = id
    end
  end
  return back
end
