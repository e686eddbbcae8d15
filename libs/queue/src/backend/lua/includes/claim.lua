-- Claiming the best job with a lease. Needs all other includes but finish and return.

-- Makes a popped job run under `token`. Returns its flat fields, or nil when it is not to be run.
local function activate(id, token, leaseMs, worker)
  local job = jobKey(id)
  local foreign = setAsideForeign(id)
  if foreign then
    failUnusable(id, foreign)
    return nil
  end
  local ended = endedElsewhere(id)
  if ended then
    settle(id, ended, reasonOf[ended])
    return nil
  end
  local hasPayload = redis.call('HEXISTS', job, 'data') == 1
  local document = not hasPayload and redis.pcall('GET', dataKey(id)) or nil
  if not hasPayload and type(document) ~= 'string' then
    failUnusable(id, document and 'document is not a string in Redis' or 'document is gone')
    return nil
  end
  redis.call('HSET', job, 'token', token, 'processedOn', exact(now))
  redis.call('HINCRBY', job, 'attemptsStarted', 1)
  if worker ~= '' then redis.call('HSET', job, 'processedBy', worker) end
  redis.call('SET', statusKey(id), 'running')
  redis.call('SADD', keys.processing, id)
  redis.call('ZADD', keys.leases, exact(serverNow() + leaseMs), id)
  emit('active', 'jobId', id, 'prev', 'waiting')
  publish('status_updated', id, 'running')
  local fields = redis.call('HGETALL', job)
  if document then
    fields[#fields + 1] = 'document'
    fields[#fields + 1] = document
  end
  return fields
end

-- Takes the best job that can be run. Returns fields and id, or nil, nil. At most 200 that cannot are passed over.
local function takeBest(token, leaseMs, worker)
  for _ = 1, 200 do
    local best = redis.call('ZPOPMIN', keys.queue)
    local id = best[1]
    if not id then return nil, nil end
    local score = tonumber(best[2])
    if math.ceil(score) == score then
      -- Added by a legacy service and not seen yet: it gets its place first.
      adopt(id, priorityOf(score))
    elseif redis.call('ZSCORE', keys.leases, id) then
      -- It runs already; a second entry in the queue means nothing.
      redis.call('SADD', keys.processing, id)
    else
      local fields = activate(id, token, leaseMs, worker)
      if fields then return fields, id end
    end
  end
  return nil, nil
end

-- One claim, with all that comes before it. Returns the worker's tuple: fields or false, id or '',
-- milliseconds of a rate limit (none yet: 0), time of the next delayed job or 0; and a fifth value, 1, when
-- nothing can be claimed in order before more is adopted.
local function claimNext(token, leaseMs, worker)
  promoteDue(500)
  local _, backlog = adoptAdded(100, false)
  if backlog then return { false, '', 0, 0, 1 } end
  if isPaused() then return { false, '', 0, nextDue() or 0 } end
  local fields, id = takeBest(token, leaseMs, worker)
  if redis.call('ZCARD', keys.queue) > 0 then wakeWorker() end
  if fields then return { fields, id, 0, 0 } end
  return { false, '', 0, nextDue() or 0 }
end
