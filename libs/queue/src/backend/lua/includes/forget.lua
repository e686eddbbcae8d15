-- Leaving the structures, ending with a TTL, and disappearing.

-- Takes a job out of every structure it could stand in (not its own keys).
local function detach(id)
  redis.call('ZREM', keys.queue, id)
  redis.call('SREM', keys.processing, id)
  redis.call('ZREM', keys.leases, id)
  redis.call('ZREM', keys.delayed, id)
  redis.call('ZREM', keys.missing, id)
end

local function leaveFinished(id)
  redis.call('ZREM', keys.completed, id)
  redis.call('ZREM', keys.failed, id)
  redis.call('ZREM', keys.cancelled, id)
  redis.call('ZREM', keys.expiring, id)
  redis.pcall('HDEL', jobKey(id), 'endedBy')
end

-- A finished job whose keys have ended no longer exists, although its id may still be listed. Takes it out
-- of the lists, so that the id can be used again.
local function dropIfExpired(id)
  local ends = redis.call('ZSCORE', keys.expiring, id)
  if not ends or tonumber(ends) > serverNow() then return end
  leaveFinished(id)
  redis.call('ZREM', keys.ids, id)
end

-- Deletes a job and all that belongs to it.
local function forget(id)
  detach(id)
  leaveFinished(id)
  redis.call('ZREM', keys.ids, id)
  redis.call('UNLINK', statusKey(id), dataKey(id), resultKey(id), jobKey(id), logsKey(id))
end

-- Makes a job's keys last: it is pending, delayed or running.
local function persist(id)
  redis.call('PERSIST', statusKey(id))
  redis.call('PERSIST', dataKey(id))
  redis.call('PERSIST', resultKey(id))
  redis.call('PERSIST', jobKey(id))
  redis.call('PERSIST', logsKey(id))
end

-- Starts the TTL of a finished job: all its keys end at the same millisecond, which is also noted in
-- `expiring`, so that counts and lists drop its id then.
local function expireJob(id)
  if ttl <= 0 then return persist(id) end
  local at = exact(serverNow() + ttl)
  redis.call('PEXPIREAT', statusKey(id), at)
  redis.call('PEXPIREAT', dataKey(id), at)
  redis.call('PEXPIREAT', resultKey(id), at)
  redis.call('PEXPIREAT', jobKey(id), at)
  redis.call('PEXPIREAT', logsKey(id), at)
  redis.call('ZADD', keys.expiring, at, id)
end

-- Drops the ids whose keys have ended. Returns true when there may be more than this call took.
local function dropExpired(limit)
  local ended = redis.call('ZRANGEBYSCORE', keys.expiring, '-inf', exact(serverNow()), 'LIMIT', 0, limit)
  if #ended == 0 then return false end
  for _, key in ipairs({ keys.completed, keys.failed, keys.cancelled, keys.ids, keys.expiring }) do
    redis.call('ZREM', key, unpack(ended))
  end
  return #ended == limit
end
