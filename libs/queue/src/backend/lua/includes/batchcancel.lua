-- Cancelling a batch, in steps.
--@include settle batches
--@exports cancelOfBatch

local function cancelOne(batch, id, reason)
  dropIfExpired(id)
  if redis.call('EXISTS', stateKey(id), dataKey(id), statusKey(id)) == 0 then return batches.lost(batch, id) end
  if settleIfEnded(id) then return end
  settle(id, 'cancelled', reason)
  publish(id, 'cancelled', 'job_cancelled')
  redis.call('PUBLISH', keys.cancels, id)
end

-- Cancels at most `most` jobs. Returns how many are left, or a negative code, see `cancelBatch`.
function cancelOfBatch(batch, reason, most)
  local known = redis.pcall('HMGET', batches.key(batch), 'total', 'finishedOn')
  if known.err or not known[1] then return -1 end
  if known[2] then return -2 end
  redis.call('HSETNX', batches.key(batch), 'cancelledOn', exact(now))
  redis.call('HSET', batches.key(batch), 'cancelling', reason)
  for _, id in ipairs(batches.unfinished(batch, most)) do
    cancelOne(batch, id, reason)
    -- Whatever it was that stood there, it must not stop the batch.
    if redis.call('HEXISTS', batches.endsKey(batch), id) == 0 then batches.lost(batch, id) end
  end
  batches.goOn(batch)
  return batches.left(batch)
end
