-- Ending the running jobs that workers report: those of one call are read and written together.
--@include context held finish ended metrics
--@exports USUAL endJobs

-- A report: `id`, `token` ('0' = none needed), `target` ('completed' or 'failed'), `value` (result JSON, or the reason),
-- `statusKey`, and `rest`: `fields` (extra ones, flat names and values), `attempts` (allowed), `keep` (how many of this end, -1 all,
-- 0 none), `age` (seconds to keep, 0 any), `limit` (most to evict). Refused, it gets `answer`, a negative code or an error.
USUAL = { fields = {}, attempts = 0, keep = -1, age = 0, limit = 0 }

-- The code for a job that must not complete yet: -4 children are pending, -9 a child failed that must not.
local function refusalByChildren(id)
  if redis.call('SCARD', pendingKey(id)) > 0 then return -4 end
  if redis.call('ZCARD', unsuccessfulKey(id)) > 0 then return -9 end
end

-- Looks at what a job is tied to, and at its own state where no run tells it. Refuses to start on what is of another
-- type: returns the error, or nil.
local function faultOf(report)
  local run = report.held.run
  report.made = run and run.made or '0'
  if run and run.tied == '0' then return nil end
  local known = redis.pcall('HMGET', stateKey(report.id), 'parent', 'deduplicationId', 'attemptsMade')
  if known.err then return known.err end
  report.parent, report.deduplicationId, report.made = known[1], known[2], countOf(known[3])
  return report.parent and problemWith(checkParentTypes, report.id)
end

-- Whether the same report was carried out before: its answer was lost with the connection.
local function isRepeated(report)
  if report.token == '0' or not redis.call('ZSCORE', keys[report.target], report.id) then return false end
  local run = report.held.run
  if run then return run.finishedOn ~= '' and run.token == report.token end
  return redis.call('HGET', stateKey(report.id), 'endedBy') == report.token
end

-- Decides about a job that is not plain, or does not just complete.
local function decideOne(report, status)
  report.held = heldOf(report.id, status, report.text)
  local fault = faultOf(report)
  if fault then return redis.error_reply(fault) end
  local refused = refusalOf(report.id, report.held, report.token)
  if refused then
    report.isDone = isRepeated(report)
    return not report.isDone and refused or nil
  end
  if report.target ~= 'completed' then return nil end
  local code
  local problem = problemWith(function() code = refusalByChildren(report.id) end)
  return problem and redis.error_reply(problem) or code
end

-- Decides about each report before any is carried out.
local function decide(reports)
  local ids, statusKeys = {}, {}
  for at, report in ipairs(reports) do
    ids[at] = report.id
    statusKeys[at] = report.statusKey
  end
  local runs = redis.call('HMGET', keys.runs, unpack(ids))
  local statuses = redis.call('MGET', unpack(statusKeys))
  for at, report in ipairs(reports) do
    report.text = runs[at]
    local isPlain = report.target == 'completed' and #report.rest.fields == 0 and statuses[at] == 'running'
    if not isPlain or not isPlainRun(report.text, report.token) then report.answer = decideOne(report, statuses[at]) end
  end
end

-- Writes an end into the job's runtime state. Returns false when that is of another type, which is the report's answer.
local function writeEnd(report)
  local job, fields = jobKey(report.id), {}
  for at, value in ipairs(report.rest.fields) do fields[at] = value end
  local last = report.held.run and appendRun(fields, report.held.run) or #fields
  fields[last + 1], fields[last + 2] = 'finishedOn', ARGV[1]
  fields[last + 3], fields[last + 4] = 'attemptsMade', report.made
  last = last + 4
  if report.token ~= '0' then
    fields[last + 1], fields[last + 2] = 'endedBy', report.token
    last = last + 2
  end
  if report.target == 'failed' then
    fields[last + 1], fields[last + 2] = 'failedReason', report.value
  end
  local written = redis.pcall('HSET', job, unpack(fields))
  if type(written) == 'table' then
    report.answer = written
    return false
  end
  if report.target == 'failed' then redis.call('HDEL', job, 'deferredFailure') end
  return true
end

-- Notes the ends of jobs: of those that just completed in their run, of others in their own state. Returns the reports
-- that could be noted, and their ids.
local function noteEnds(accepted)
  local reports, ids, runs, over = {}, {}, {}, {}
  for _, report in ipairs(accepted) do
    local noted = true
    if not report.held then
      local last = #runs
      runs[last + 1], runs[last + 2] = report.id, endedText(report.text, ARGV[1])
    else
      report.made = tostring(report.made + 1)
      noted = writeEnd(report)
      over[#over + 1] = noted and report.id or nil
    end
    if noted then
      reports[#reports + 1] = report
      ids[#ids + 1] = report.id
      countEnd(report.target)
    end
  end
  if #runs > 0 then redis.call('HSET', keys.runs, unpack(runs)) end
  if #over > 0 then redis.call('HDEL', keys.runs, unpack(over)) end
  return reports, ids
end

local function emitEnd(report)
  if report.target == 'completed' then
    emit('completed', 'jobId', report.id, 'returnvalue', report.value, 'prev', 'active')
    return
  end
  if tonumber(report.made) >= report.rest.attempts then
    emit('retries-exhausted', 'jobId', report.id, 'attemptsMade', report.made)
  end
  emit('failed', 'jobId', report.id, 'failedReason', report.value, 'prev', 'active')
end

-- Starts the TTL of a job that is kept, `ends` being the time in ms. A plain one has no keys but the usual ones.
local function startTtl(report, ends, expiring)
  local id = report.id
  if ttl <= 0 then return persist(id) end
  if report.held then return keepOrExpire(id, report.target) end
  redis.call('PEXPIREAT', report.statusKey, ends)
  redis.call('PEXPIREAT', report.resultKey or resultKey(id), ends)
  redis.call('PEXPIREAT', dataKey(id), ends)
  expiring[#expiring + 1] = ends
  expiring[#expiring + 1] = id
end

-- Carries out reports that nothing speaks against.
local function carryOut(accepted)
  local reports, ids = noteEnds(accepted)
  if #ids == 0 then return end
  redis.call('ZREM', keys.leases, unpack(ids))
  redis.call('SREM', keys.processing, unpack(ids))
  redis.call('ZREM', keys.queue, unpack(ids))
  local strings, last = {}, 0
  for _, report in ipairs(reports) do
    strings[last + 1], strings[last + 2] = report.statusKey, report.target
    last = last + 2
    if report.target == 'completed' then
      report.resultKey = resultKey(report.id)
      strings[last + 1], strings[last + 2] = report.resultKey, report.value
      last = last + 2
    end
  end
  redis.call('MSET', unpack(strings))
  local listed, expiring = { completed = {}, failed = {} }, {}
  local ends = exact(serverNow() + ttl)
  for _, report in ipairs(reports) do
    local id = report.id
    emitEnd(report)
    if report.parent or report.deduplicationId then tellEnded(id, report.target, report.value) end
    if report.rest.keep == 0 then
      evictOne(id)
    else
      local list = listed[report.target]
      list[#list + 1] = report.rest.keep > 0 and timeOfEnd(report.target) or ARGV[1]
      list[#list + 1] = id
      startTtl(report, ends, expiring)
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
    local rest = report.rest
    if rest.keep > 0 or (rest.keep < 0 and rest.age > 0) then
      local wish = report.target .. ' ' .. rest.keep .. ' ' .. rest.age .. ' ' .. rest.limit
      if not asked[wish] then evict(keys[report.target], rest.keep, rest.age, rest.limit) end
      asked[wish] = true
    end
  end
end

-- Ends jobs, each of which is reported once. Returns those that were refused since they wait for children, if any of them
-- may have ended here.
local function endOnce(reports)
  decide(reports)
  local accepted, waiting = {}, {}
  for _, report in ipairs(reports) do
    if report.answer == -4 then
      waiting[#waiting + 1] = report
    elseif not report.answer and not report.isDone then
      accepted[#accepted + 1] = report
    end
  end
  if #accepted == 0 then return {} end
  carryOut(accepted)
  evictAfter(accepted)
  return waiting
end

-- Ends jobs, in order.
function endJobs(reports)
  local from = 1
  while from <= #reports do
    -- A second report of the same job has to see what the first one did.
    local part, seen = {}, {}
    while from <= #reports and not seen[reports[from].id] do
      seen[reports[from].id] = true
      part[#part + 1] = reports[from]
      from = from + 1
    end
    repeat part = endOnce(part) until #part == 0
  end
  dropExpired(math.max(100, 2 * #reports))
end
