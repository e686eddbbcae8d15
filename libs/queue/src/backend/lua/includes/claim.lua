-- Claiming the best job with a lease.
--@include delayed added limits metrics slots

-- Makes a popped job run under `token`. Returns its flat fields, or nil when it is not to be run.
local function activate(id, token, leaseMs, worker)
  local job = jobKey(id)
  local foreign = setAsideForeign(id)
  if foreign then
    failUnusable(id, foreign)
    return nil
  end
  if settleIfEnded(id) then return nil end
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

-- Takes the best job that can be run and is not among `others` (ids left to other workers, as a set).
-- Returns fields and id, or nil, nil. At most 200 that cannot are passed over.
local function takeBest(token, leaseMs, worker, others)
  local fields, id
  local left = {}
  for _ = 1, 200 do
    local best = redis.call('ZPOPMIN', keys.queue)
    id = best[1]
    if not id then break end
    local score = tonumber(best[2])
    if others[id] then
      left[#left + 1] = best[2]
      left[#left + 1] = id
    elseif math.ceil(score) == score then
      -- Added by a legacy service and not seen yet: all such get their places first, in order of arrival.
      redis.call('ZADD', keys.queue, best[2], id)
      adoptAdded(100, true)
    elseif redis.call('ZSCORE', keys.leases, id) then
      -- It runs already; a second entry in the queue means nothing.
      redis.call('SADD', keys.processing, id)
    else
      fields = activate(id, token, leaseMs, worker)
      if fields then break end
    end
  end
  if #left > 0 then redis.call('ZADD', keys.queue, unpack(left)) end
  if fields then return fields, id end
  return nil, nil
end

-- A JSON array of ids as a set; '' is none.
local function setOf(json)
  local set = {}
  if json ~= '' then
    for _, id in ipairs(cjson.decode(json)) do set[id] = true end
  end
  return set
end

-- One claim, with all that comes before it. Returns the worker's tuple: fields or false, id or '',
-- milliseconds of a rate limit or 0, time of the next delayed job or 0; a fifth value, 1, when nothing can be
-- claimed in order before more is adopted; a sixth, 1, at the limit of running jobs. `othersJson` is a JSON array
-- of ids to leave, or ''; `termsJson` is what the worker asks of the queue, see `termsOf`.
local function claimNext(token, leaseMs, worker, othersJson, termsJson)
  promoteDue(500)
  local _, backlog = adoptAdded(100, false)
  if backlog then return { false, '', 0, 0, 1 } end
  local terms = termsOf(termsJson)
  wantMetrics(terms.points)
  local most, duration = rateLimit(terms)
  local limited = limitedFor(most)
  if limited > 0 then return { false, '', limited, 0 } end
  local maxed = isMaxed()
  if maxed then
    recordEnds(200)
    maxed = isMaxed()
  end
  if maxed or isPaused() then return { false, '', 0, nextDue() or 0, 0, maxed and 1 or 0 } end
  local others = setOf(othersJson)
  local fields, id = takeBest(token, leaseMs, worker, others)
  if fields and most then countStart(duration) end
  -- Without a job although some are left, they are other workers': waking anybody could wake this one again.
  if redis.call('ZCARD', keys.queue) > 0 and (fields or othersJson == '') then wakeWorker() end
  if fields then return { fields, id, 0, 0 } end
  return { false, '', 0, nextDue() or 0 }
end
