-- Adopting what legacy services add. A Go AddJob leaves a whole-numbered score in `<p>queue`, keys that
-- end after an hour, and no runtime state. Needs context, announce, place, wake, document, forget, settle.

-- Prepares the runtime state of a job that a legacy service added (again). Returns false when it is not
-- to be run: it ended already, is running, or its document cannot be used.
local function takeOver(id)
  local ended = endedElsewhere(id)
  if ended then
    settle(id, ended, reasonOf[ended])
    return false
  end
  if redis.call('ZSCORE', keys.leases, id) then
    if redis.call('SISMEMBER', keys.processing, id) == 1 then
      -- Added again while it runs: it is the same job, and it is running.
      redis.call('ZREM', keys.queue, id)
      redis.call('SET', statusKey(id), 'running')
      return false
    end
    -- Requeued while it ran here: the legacy service decided, the runner has lost it.
    redis.call('ZREM', keys.leases, id)
    redis.call('HDEL', jobKey(id), 'token')
    redis.call('PUBLISH', keys.cancels, id)
  end
  local payload = redis.call('HGET', jobKey(id), 'data')
  if redis.call('EXISTS', dataKey(id)) == 0 and not payload then
    forget(id)
    return false
  end
  local fields, text = readDocument(id)
  if not fields then
    settle(id, 'failed', text)
    publish('status_updated', id, 'failed')
    publish('job_failed', id, 'failed')
    return false
  end
  return true, fields, text, payload
end

-- Gives an added job its keys for good, its state and its place. `priority` is the contract's.
local function adopt(id, priority)
  local usable, fields, text, payload = takeOver(id)
  if not usable then return false end
  local job = jobKey(id)
  if payload and fields.payload == nil then
    redis.call('SET', dataKey(id), restorePayload(text, fields, redis.call('HGET', job, 'name'), payload))
  elseif payload then
    redis.call('HDEL', job, 'data')
  end
  leaveFinished(id)
  redis.call('HDEL', job, 'finishedOn', 'failedReason', 'stacktrace', 'processedOn', 'attemptsMade', 'progress', 'delay')
  notePriority(id, priority)
  redis.call('HSETNX', job, 'timestamp', exact(math.floor(parseTime(fields.created_at) or now)))
  if type(fields.type) == 'string' and fields.type ~= '' then redis.call('HSET', job, 'name', fields.type) end
  if redis.call('TYPE', statusKey(id)).ok ~= 'string' then redis.call('SET', statusKey(id), 'pending') end
  persist(id)
  redis.call('ZADD', keys.ids, 'NX', redis.call('HGET', job, 'timestamp'), id)
  redis.call('ZREM', keys.delayed, id)
  redis.call('ZREM', keys.missing, id)
  redis.call('ZADD', keys.queue, exact(tailScore(priority)), id)
  emit('added', 'jobId', id, 'name', redis.call('HGET', job, 'name') or '')
  emit('waiting', 'jobId', id)
  return true
end

-- Ids with a whole-numbered score, at most `limit`, looking at up to `bands` priorities from the top.
local function findAdded(limit, bands)
  local found, from = {}, '-inf'
  for _ = 1, bands do
    local first = redis.call('ZRANGEBYSCORE', keys.queue, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not first[1] or #found >= limit then break end
    local edge = math.ceil(tonumber(first[2]))
    local ids = redis.call('ZRANGEBYSCORE', keys.queue, exact(edge), exact(edge), 'LIMIT', 0, limit - #found)
    for _, id in ipairs(ids) do
      -- Arrival order: all documents get the same TTL when added, so the one that ends first came first;
      -- within a millisecond the times in the documents decide.
      found[#found + 1] = { id = id, priority = -edge, ends = redis.call('PEXPIRETIME', dataKey(id)) }
    end
    from = '(' .. exact(edge)
  end
  return found
end

local function byArrival(a, b)
  if a.ends ~= b.ends then return a.ends < b.ends end
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

-- Adopts what has been added. Go's AddJob always sets a TTL on the queue and adopting removes it, so a
-- queue without TTL has nothing new; `thorough` looks all the same (a crash between ZADD and EXPIRE).
-- Returns the number adopted, and true when `limit` was reached and there may be more.
local function adoptAdded(limit, thorough)
  if not thorough and redis.call('PTTL', keys.queue) < 0 then return 0, false end
  local found = findAdded(limit, thorough and 1000 or 64)
  if #found > 1 then
    for _, job in ipairs(found) do
      local fields = readDocument(job.id)
      job.created = fields and parseTime(fields.created_at) or 0
    end
    table.sort(found, byArrival)
  end
  local adopted = 0
  for _, job in ipairs(found) do
    if adopt(job.id, job.priority) then adopted = adopted + 1 end
  end
  if #found < limit then redis.call('PERSIST', keys.queue) end
  if adopted > 0 then wakeWorker() end
  return adopted, #found >= limit
end
