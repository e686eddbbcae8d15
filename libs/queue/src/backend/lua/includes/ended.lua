-- What others learn when a job ends, whoever ended it: its parent, and who waits for its deduplication id.
--@include add
--@exports isAwaited keepOrExpire tellEnded

-- A job that ends gives its deduplication id free, unless a time was set for that; the job that was kept to
-- follow it is added.
local function endDeduplication(id)
  local deduplicationId = redis.pcall('HGET', stateKey(id), 'deduplicationId')
  if type(deduplicationId) ~= 'string' then return end
  local held = deduplicationKey(deduplicationId)
  if redis.call('PTTL', held) == -1 and redis.pcall('GET', held) == id then redis.call('DEL', held) end
  local successor = successorKey(deduplicationId)
  -- Of another type it gives an error, which has no entries.
  local arguments = redis.pcall('LRANGE', successor, 0, -1)
  if #arguments == 0 then return end
  redis.call('DEL', successor)
  -- Its delay counts from now.
  arguments[5] = exact(now)
  addAll(fromList(arguments))
end

-- Whether a parent that waits still counts on the job.
function isAwaited(id)
  local child = family.memberKey(id)
  return family.withParent(id, function(parent)
    return redis.call('ZSCORE', keys['waiting-children'], parent.id)
      and redis.call('SISMEMBER', pendingKey(parent.id), child) == 1
  end)
end

-- Starts the TTL of a job that ended, and counts it in its batch. A failed one that a parent waits for stays until somebody decides: were it to
-- disappear, the parent would run without it. `lookAfterParents` starts its TTL later. `lasts` as in `expireJob`.
function keepOrExpire(id, target, lasts)
  batches.ended(id, target, lasts)
  if (lasts or ttl) > 0 and target ~= 'completed' and isAwaited(id) then
    persist(id)
    redis.call('SADD', keys.awaited, id)
    if lasts then redis.call('HSET', jobKey(id), 'lasts', exact(lasts)) end
  else
    expireJob(id, lasts)
  end
end

-- `value` is the result (JSON) of a completed job, else the reason.
function tellEnded(id, target, value)
  endDeduplication(id)
  if target == 'completed' then
    family.tellCompleted(id, value)
  else
    family.tellFailed(id, value)
  end
end
