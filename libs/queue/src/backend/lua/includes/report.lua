-- Ending the running jobs that workers report: those of one call are read and written together.
--@include context held finish ended metrics

-- Keys that only few jobs have; `count` tells whether any of them exists.
local function rareKeys(id)
  return pendingKey(id), processedKey(id), ignoredKey(id), unsuccessfulKey(id), logsKey(id)
end

-- Whether any of these jobs has children or logs; one command instead of several a job.
local function haveRareKeys(reports)
  local all = {}
  for _, report in ipairs(reports) do
    local at = #all
    all[at + 1], all[at + 2], all[at + 3], all[at + 4], all[at + 5] = rareKeys(report.id)
  end
  return redis.call('EXISTS', unpack(all)) > 0
end

-- The code for a job that must not complete yet: -4 children are pending, -9 a child failed that must not.
local function refusalByChildren(id)
  if redis.call('SCARD', pendingKey(id)) > 0 then return -4 end
  if redis.call('ZCARD', unsuccessfulKey(id)) > 0 then return -9 end
end

-- Refuses to start on what else an end writes to and is of another type. Returns the error, or nil.
local function faultOf(report)
  if report.held.err then return report.held.err end
  if not report.held.parent then return nil end
  local sound, fault = pcall(checkParentTypes, report.id)
  if not sound then return type(fault) == 'table' and fault.err or tostring(fault) end
end

-- Whether the same report was carried out before: its answer was lost with the connection.
local function isKnown(report)
  return report.token ~= '0' and report.held.endedBy == report.token and redis.call('ZSCORE', keys[report.target], report.id)
end

-- Decides about each report before any is carried out: sets `answer` to a negative code or an error, or nothing.
local function decide(reports)
  local ids = {}
  for at, report in ipairs(reports) do ids[at] = report.id end
  local held = readHeld(ids)
  for at, report in ipairs(reports) do report.held = held[at] end
  local haveRare = haveRareKeys(reports)
  for _, report in ipairs(reports) do
    local fault = faultOf(report)
    report.isRare = haveRare and redis.call('EXISTS', rareKeys(report.id)) > 0
    if fault then
      report.answer = redis.error_reply(fault)
    else
      local refused = refusalOf(report.held, report.token)
      report.isDone = refused and isKnown(report)
      if refused and not report.isDone then report.answer = refused end
      if not refused and report.isRare and report.target == 'completed' then
        local sound, code = pcall(refusalByChildren, report.id)
        report.answer = sound and code or not sound and redis.error_reply(code.err) or nil
      end
    end
  end
end

-- Writes the end into the job's runtime state.
local function noteEnd(report)
  local job, held = jobKey(report.id), report.held
  report.made = (tonumber(held.attemptsMade) or 0) + 1
  local fields = report.fields ~= '' and cjson.decode(report.fields) or {}
  local last = #fields
  fields[last + 1], fields[last + 2] = 'finishedOn', ARGV[1]
  fields[last + 3], fields[last + 4] = 'attemptsMade', report.made
  last = last + 4
  if report.token ~= '0' then
    fields[last + 1], fields[last + 2] = 'endedBy', report.token
    last = last + 2
  end
  if report.target == 'failed' then
    fields[last + 1], fields[last + 2] = 'failedReason', report.value
    redis.call('HSET', job, unpack(fields))
    redis.call('HDEL', job, 'token', 'deferredFailure')
  else
    redis.call('HSET', job, unpack(fields))
    redis.call('HDEL', job, 'token')
  end
end

local function emitEnd(report)
  if report.target == 'completed' then
    emit('completed', 'jobId', report.id, 'returnvalue', report.value, 'prev', 'active')
    return
  end
  if report.made >= report.attempts then
    emit('retries-exhausted', 'jobId', report.id, 'attemptsMade', report.made)
  end
  emit('failed', 'jobId', report.id, 'failedReason', report.value, 'prev', 'active')
end

-- Status, result and TTL of a job that is kept. Most have no keys but the usual ones, and nobody waits for them.
local function keep(report, ends, expiring)
  local id = report.id
  if ttl <= 0 then
    redis.call('SET', statusKey(id), report.target)
    return persist(id)
  end
  redis.call('SET', statusKey(id), report.target, 'PXAT', ends)
  if report.isRare or (report.target == 'failed' and report.held.parent) then return keepOrExpire(id, report.target) end
  redis.call('PEXPIREAT', dataKey(id), ends)
  redis.call('PEXPIREAT', jobKey(id), ends)
  if report.target ~= 'completed' then redis.call('PEXPIREAT', resultKey(id), ends) end
  expiring[#expiring + 1] = ends
  expiring[#expiring + 1] = id
end

-- Carries out reports that nothing speaks against.
local function carryOut(reports)
  local ids, listed, expiring = {}, { completed = {}, failed = {} }, {}
  local ends = exact(serverNow() + ttl)
  for at, report in ipairs(reports) do
    ids[at] = report.id
    noteEnd(report)
    countEnd(report.target)
  end
  redis.call('ZREM', keys.leases, unpack(ids))
  redis.call('SREM', keys.processing, unpack(ids))
  redis.call('ZREM', keys.queue, unpack(ids))
  for _, report in ipairs(reports) do
    local id, held = report.id, report.held
    if report.target == 'completed' then
      if ttl > 0 then
        redis.call('SET', resultKey(id), report.value, 'PXAT', ends)
      else
        redis.call('SET', resultKey(id), report.value)
      end
    end
    emitEnd(report)
    if held.parent or held.deduplicationId then tellEnded(id, report.target, report.value) end
    if report.keepCount == 0 then
      evictOne(id)
    else
      local list = listed[report.target]
      list[#list + 1] = ARGV[1]
      list[#list + 1] = id
      keep(report, ends, expiring)
    end
    publish('status_updated', id, report.target)
    publish('job_' .. report.target, id, report.target)
  end
  for target, list in pairs(listed) do
    if #list > 0 then redis.call('ZADD', keys[target], unpack(list)) end
  end
  if #expiring > 0 then redis.call('ZADD', keys.expiring, unpack(expiring)) end
end

-- Evicts as the reports ask; those that ask for the same are one.
local function evictAfter(reports)
  local asked = {}
  for _, report in ipairs(reports) do
    local wish = report.target .. ' ' .. report.keepCount .. ' ' .. report.keepAge .. ' ' .. report.keepLimit
    if report.keepCount ~= 0 and (report.keepCount > 0 or report.keepAge > 0) and not asked[wish] then
      asked[wish] = true
      evict(keys[report.target], report.keepCount, report.keepAge, report.keepLimit)
    end
  end
end

-- Ends jobs. A report has id, token ('0' = none needed), target ('completed' or 'failed'), value (result JSON, or the
-- reason), fields (extra ones, JSON array of names and values, or ''), attempts (allowed), keepCount (how many of this
-- end to keep, -1 all, 0 none), keepAge (seconds, 0 any), keepLimit (most to evict). Each gets `answer`, a negative code
-- or an error, when it was refused.
local function endJobs(reports)
  local from = 1
  while from <= #reports do
    -- A second report of the same job has to see what the first one did.
    local part, seen = {}, {}
    while from <= #reports and not seen[reports[from].id] do
      seen[reports[from].id] = true
      part[#part + 1] = reports[from]
      from = from + 1
    end
    decide(part)
    local accepted = {}
    for _, report in ipairs(part) do
      if not report.answer and not report.isDone then accepted[#accepted + 1] = report end
    end
    if #accepted > 0 then
      carryOut(accepted)
      evictAfter(accepted)
    end
  end
  dropExpired(math.max(100, 2 * #reports))
end
