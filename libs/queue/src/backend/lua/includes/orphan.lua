-- One job that may stand wrong.
--@include adopt added held recover
--@exports lookAfter

-- A finished job stays as it finished: a late status of a legacy service is written over.
local function keepFinished(id)
  local status = redis.pcall('GET', statusKey(id))
  for _, state in ipairs({ 'cancelled', 'completed', 'failed' }) do
    if redis.call('ZSCORE', keys[state], id) then
      -- Not over `pending`: that is somebody adding the id again, one command after the other.
      if type(status) == 'string' and status ~= state and status ~= 'pending' then
        redis.call('SET', statusKey(id), state)
        local ends = redis.call('ZSCORE', keys.expiring, id)
        if ends then redis.call('PEXPIREAT', statusKey(id), exact(tonumber(ends))) end
      end
      return true
    end
  end
  return false
end

-- A legacy worker took the job: it gets a lease, and its keys stay.
local function leaseLegacy(id)
  endRun(id)
  redis.call('ZADD', keys.leases, exact(serverNow() + legacyLease), id)
  batches.take(id)
  -- An older spelling, which some services write.
  if redis.pcall('GET', statusKey(id)) == 'processing' then redis.call('SET', statusKey(id), 'running') end
  redis.call('HSETNX', jobKey(id), 'timestamp', exact(now))
  redis.call('HSET', jobKey(id), 'processedOn', exact(now))
  redis.call('HINCRBY', jobKey(id), 'attemptsStarted', 1)
  redis.call('ZADD', keys.ids, 'NX', redis.call('HGET', jobKey(id), 'timestamp'), id)
  redis.call('ZREM', keys.missing, id)
  persist(id)
  emit('active', 'jobId', id, 'prev', 'waiting')
end

-- In neither structure: put back once it has been so for `grace` ms. Between Go's ZPOPMIN and its SADD
-- every job is missing for a moment.
local function handleMissing(id, grace, maxStalls)
  if redis.call('EXISTS', dataKey(id), jobKey(id)) == 0 then
    forget(id)
    return false
  end
  local since = redis.call('ZSCORE', keys.missing, id)
  if not since then redis.call('ZADD', keys.missing, exact(serverNow()), id) end
  if serverNow() - tonumber(since or serverNow()) < grace then return false end
  local usable, fields = takeOver(id)
  if not usable then return false end
  if redis.call('HEXISTS', jobKey(id), 'priority') == 0 then
    -- Taken before Drover ever saw it: all that is known is its document.
    notePriority(id, documentPriority(id))
    redis.call('HSETNX', jobKey(id), 'timestamp', exact(math.floor(parseTime(fields.created_at) or now)))
    if type(fields.type) == 'string' and fields.type ~= '' then redis.call('HSET', jobKey(id), 'name', fields.type) end
    redis.call('ZADD', keys.ids, 'NX', redis.call('HGET', jobKey(id), 'timestamp'), id)
  end
  putBack(id, maxStalls)
  return true
end

-- Returns true when the job was put back.
function lookAfter(id, grace, maxStalls)
  dropIfExpired(id)
  local foreign = setAsideForeign(id)
  if foreign then
    failUnusable(id, foreign)
    return false
  end
  local score = redis.call('ZSCORE', keys.queue, id)
  if score and math.ceil(tonumber(score)) == tonumber(score) then
    -- Not this one alone: another that came before it would then stand behind it.
    adoptAdded(100, true)
    return false
  end
  if keepFinished(id) then return false end
  if settleIfEnded(id) then return false end
  if score or redis.call('ZSCORE', keys.delayed, id) or redis.call('ZSCORE', keys['waiting-children'], id) then
    redis.call('ZREM', keys.missing, id)
    -- One that somebody placed by hand is in no index yet, and could be lost without a trace.
    redis.call('ZADD', keys.ids, 'NX', exact(now), id)
    -- A status that a legacy service wrote meanwhile ends after an hour, the delay perhaps later.
    if not score then family.keepPending(id) end
    return false
  end
  local leased = redis.call('ZSCORE', keys.leases, id)
  local running = redis.call('SISMEMBER', keys.processing, id) == 1
  if running then
    if not leased then leaseLegacy(id) end
    redis.call('ZREM', keys.missing, id)
    return false
  end
  if leased and redis.call('HEXISTS', keys.runs, id) == 1 and redis.pcall('GET', statusKey(id)) ~= 'pending' then
    -- Somebody cleared `<p>processing` under a running worker of ours.
    redis.call('SADD', keys.processing, id)
    return false
  end
  if redis.call('ZREM', keys.leases, id) == 1 then
    -- Whoever takes it next, its last runner has lost it.
    endRun(id)
    slotFreed()
  end
  return handleMissing(id, grace, maxStalls)
end
