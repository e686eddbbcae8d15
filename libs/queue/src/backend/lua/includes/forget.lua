-- Leaving the structures, ending with a TTL, and disappearing.
--@include context wake run later batches
--@exports detach leaveFinished dropIfExpired forget forgetPlain ownKeys persist expireJob dropExpired

-- Takes a job out of every structure it could stand in (not its own keys).
function detach(id)
  redis.call('ZREM', keys.queue, id)
  local left = redis.call('SREM', keys.processing, id) + redis.call('ZREM', keys.leases, id)
  undelay(id)
  redis.call('ZREM', keys['waiting-children'], id)
  redis.call('ZREM', keys.missing, id)
  endRun(id)
  if left > 0 then slotFreed() end
end

local function unlistFinished(id)
  redis.call('ZREM', keys.completed, id)
  -- Dead letters are failed jobs, too.
  if redis.call('ZREM', keys.failed, id) == 1 then redis.call('ZREM', keys.dead, id) end
  redis.call('ZREM', keys.cancelled, id)
  redis.call('ZREM', keys.expiring, id)
end

-- A finished job that does not stay so is listed as such no more.
function leaveFinished(id)
  endRun(id)
  unlistFinished(id)
  redis.pcall('HDEL', jobKey(id), 'endedBy')
end

-- What stands of jobs in the hashes that many share goes with them.
local function dropTexts(...)
  redis.call('HDEL', keys.runs, ...)
  redis.call('HDEL', keys.plain, ...)
end

-- A finished job whose keys have ended no longer exists, although its id may still be listed. Takes it out
-- of the lists, so that the id can be used again.
function dropIfExpired(id)
  local ends = redis.call('ZSCORE', keys.expiring, id)
  if not ends or tonumber(ends) > serverNow() then return end
  dropTexts(id)
  leaveFinished(id)
  redis.call('ZREM', keys.ids, id)
end

-- Deletes a job's own keys and takes it out of all lists; see `discard` for what others know of it.
function forget(id)
  batches.ended(id, 'removed')
  dropTexts(id)
  detach(id)
  unlistFinished(id)
  redis.call('ZREM', keys.ids, id)
  redis.call('UNLINK', statusKey(id), dataKey(id), resultKey(id), stateKey(id), logsKey(id),
    pendingKey(id), processedKey(id), ignoredKey(id), unsuccessfulKey(id))
end

-- Deletes plain jobs that have just ended and are not listed as such: they stand nowhere else.
function forgetPlain(ids)
  dropTexts(unpack(ids))
  redis.call('ZREM', keys.ids, unpack(ids))
  local own = {}
  for at, id in ipairs(ids) do
    own[3 * at - 2], own[3 * at - 1], own[3 * at] = statusKey(id), dataKey(id), resultKey(id)
  end
  redis.call('UNLINK', unpack(own))
end

-- All keys of a job that last as long as it does; most jobs never had children.
function ownKeys(id)
  local own = { statusKey(id), dataKey(id), resultKey(id), stateKey(id), logsKey(id) }
  local family = { pendingKey(id), processedKey(id), ignoredKey(id), unsuccessfulKey(id) }
  if redis.call('EXISTS', unpack(family)) > 0 then
    for _, key in ipairs(family) do own[#own + 1] = key end
  end
  return own
end

-- Makes a job's keys last: it is pending, delayed or running.
function persist(id)
  for _, key in ipairs(ownKeys(id)) do redis.call('PERSIST', key) end
end

-- Starts the TTL of a finished job: all its keys end at the same millisecond, which is also noted in
-- `expiring`, so that counts and lists drop its id then. `lasts` is in ms, by default the TTL of finished jobs.
function expireJob(id, lasts)
  lasts = lasts or ttl
  if lasts <= 0 then return persist(id) end
  local at = exact(serverNow() + lasts)
  for _, key in ipairs(ownKeys(id)) do redis.call('PEXPIREAT', key, at) end
  redis.call('ZADD', keys.expiring, at, id)
end

-- Drops the ids whose keys have ended. Returns true when there may be more than this call took.
function dropExpired(limit)
  local ended = redis.call('ZRANGEBYSCORE', keys.expiring, '-inf', exact(serverNow()), 'LIMIT', 0, limit)
  if #ended == 0 then return false end
  for _, key in ipairs({ keys.completed, keys.cancelled, keys.ids, keys.expiring }) do
    redis.call('ZREM', key, unpack(ended))
  end
  if redis.call('ZREM', keys.failed, unpack(ended)) > 0 then redis.call('ZREM', keys.dead, unpack(ended)) end
  dropTexts(unpack(ended))
  return #ended == limit
end
