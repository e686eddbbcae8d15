-- Adopting what legacy services add. A Go AddJob leaves a whole-numbered score in `<p>queue`, keys that
-- end after an hour, and no runtime state.
--@include context announce place wake document forget settle later
--@exports takeOver adopt

-- Prepares the runtime state of a job that a legacy service added (again). Returns false when it is not
-- to be run: it ended already, is running, or its document cannot be used.
function takeOver(id)
  local foreign = setAsideForeign(id)
  if foreign then
    failUnusable(id, foreign)
    return false
  end
  if settleIfEnded(id) then return false end
  if redis.call('ZSCORE', keys.leases, id) then
    if redis.call('SISMEMBER', keys.processing, id) == 1 then
      -- Added again while it runs: it is the same job, and it is running.
      redis.call('ZREM', keys.queue, id)
      redis.call('SET', statusKey(id), 'running')
      return false
    end
    -- Requeued while it ran here: the legacy service decided, the runner has lost it.
    redis.call('ZREM', keys.leases, id)
    endRun(id)
    redis.call('PUBLISH', keys.cancels, id)
  end
  local payload = redis.call('HGET', jobKey(id), 'data')
  if payload and redis.call('EXISTS', dataKey(id)) == 0 then
    redis.call('SET', dataKey(id), '{"id":' .. cjson.encode(id) .. '}')
  end
  local fields, text = readDocument(id, payload and 65536)
  if not fields and payload and redis.call('TYPE', dataKey(id)).ok == 'string' then
    -- Lua's JSON is stricter than JavaScript's (lone surrogates); the payload we keep decides.
    return true, { payload = true }, redis.call('GET', dataKey(id)), nil
  end
  if not fields then
    failUnusable(id, text)
    return false
  end
  return true, fields, text, payload
end

-- Gives an added job its keys for good, its state and its place. `priority` is the contract's.
function adopt(id, priority)
  local usable, fields, text, payload = takeOver(id)
  if not usable then return false end
  local job = jobKey(id)
  if payload and fields.payload == nil then
    redis.call('SET', dataKey(id), restorePayload(text, fields, redis.call('HGET', job, 'name'), payload))
  elseif payload then
    redis.call('HDEL', job, 'data')
  end
  local completed = redis.call('ZSCORE', keys.completed, id)
  if completed then redis.call('HDEL', job, 'checkpoint') end
  if completed or redis.call('ZSCORE', keys.failed, id) then family.awaitAgain(id, true) end
  leaveFinished(id)
  redis.call('HDEL', job, 'finishedOn', 'failedReason', 'stacktrace', 'processedOn', 'attemptsMade',
    'attemptsStarted', 'stalledCounter', 'deferredFailure', 'progress', 'delay', 'failedCode', 'lasts', 'cachedFrom')
  notePriority(id, priority)
  redis.call('HSETNX', job, 'timestamp', exact(math.floor(parseTime(fields.created_at) or now)))
  if type(fields.type) == 'string' and fields.type ~= '' then redis.call('HSET', job, 'name', fields.type) end
  if redis.call('TYPE', statusKey(id)).ok ~= 'string' then redis.call('SET', statusKey(id), 'pending') end
  persist(id)
  redis.call('ZADD', keys.ids, 'NX', redis.call('HGET', job, 'timestamp'), id)
  undelay(id)
  redis.call('ZREM', keys.missing, id)
  if family.stillWaits(id) then
    batches.take(id)
    redis.call('ZREM', keys.queue, id)
    emit('added', 'jobId', id, 'name', redis.call('HGET', job, 'name') or '')
    emit('waiting-children', 'jobId', id)
    return true
  end
  redis.call('ZREM', keys['waiting-children'], id)
  local score = exact(tailScore(priority))
  if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
  emit('added', 'jobId', id, 'name', redis.call('HGET', job, 'name') or '')
  emit('waiting', 'jobId', id)
  return true
end
