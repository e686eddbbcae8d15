-- Ending running jobs as workers report it: plain jobs that just complete by `complete`, all others here.
--@include context typelimits held finish ended metrics complete typeMetrics typeends
--@exports readReports endJobs

-- How a job ends, and what is to become of it: `target` ('completed' or 'failed'), `goesOn` (true = the next job is to be
-- claimed under the same token), `fields` (extra ones, flat names and values), `attempts` (allowed), `keep` (how many of this end,
-- -1 all, 0 none), `age` (seconds to keep, 0 any), `limit` (most to evict); and only where a worker has rules for its types,
-- `counts` (type to count the run under), `ttl` (ms for which this job is kept), `dead` (true = as a dead letter), `published` (type
-- that the worker does not have: these three are as those say who do, if any). The usual two have short names.
local USUAL = {
  completed = { target = 'completed', goesOn = false, fields = {}, attempts = 0, keep = -1, age = 0, limit = 0 },
  ['completed+'] = { target = 'completed', goesOn = true, fields = {}, attempts = 0, keep = -1, age = 0, limit = 0 },
}

-- The reports of this call: `count` of them, each with four arguments, the first at ARGV[before + 4 * nth]: id, token ('0' =
-- none needed), result JSON or reason, and how it ends; that also as `modes`. `answers` has a negative code or an error for
-- those that were refused; `isUsual` says that all are one of the usual two, `isCounted` that some are counted by type.
local reports = { modes = {}, answers = {}, count = 0, before = 0, isUsual = true, isCounted = false }

-- What live workers say of a type takes the place of what this one says, which does not have it.
local function asPublished(mode)
  local rule = typeEnds.of(mode.published)
  if not rule then return end
  mode.counts = rule.name
  mode.ttl, mode.dead = typeEnds.lastsOf(rule, mode.target)
end

-- @param at where the reports start in ARGV.
function readReports(count, at)
  local modes, answers, read = reports.modes, reports.answers, false
  reports.count, reports.before, reports.isCounted = count, at - 4, false
  for nth = 1, count do
    local text = ARGV[at + 4 * nth - 1]
    local mode = USUAL[text] or read and read[text]
    if not mode then
      mode = cjson.decode(text)
      if mode.published then asPublished(mode) end
      read = read or {}
      read[text] = mode
    end
    if mode.counts then reports.isCounted = true end
    modes[nth], answers[nth] = mode, false
  end
  reports.isUsual = not read
  return reports
end

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
  return report.parent and problemWith(family.checkParentTypes, report.id)
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
local function decide(part)
  local ids, statusKeys = {}, {}
  for at, report in ipairs(part) do
    ids[at] = report.id
    statusKeys[at] = report.statusKey
  end
  local runs = redis.call('HMGET', keys.runs, unpack(ids))
  local statuses = redis.call('MGET', unpack(statusKeys))
  for at, report in ipairs(part) do
    report.text = runs[at]
    report.answer = decideOne(report, statuses[at])
  end
end

-- Writes an end into the job's runtime state. Returns false when that is of another type, which is the report's answer.
local function writeEnd(report)
  local job, fields = jobKey(report.id), {}
  for at, value in ipairs(report.mode.fields) do fields[at] = value end
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
  -- One that failed before its handler was called: it had stalled too often, or a child failed that must not.
  if report.target == 'failed' then report.isUnrun = redis.call('HDEL', job, 'deferredFailure') == 1 end
  return true
end

local function isDead(report) return report.mode.dead and report.mode.keep ~= 0 end

local function countTyped(report)
  local run = not report.isUnrun and report.held.run
  local how = report.target == 'completed' and 'ok' or 'failed'
  countRun(report.mode.counts, how, run and tonumber(run.processedOn), isDead(report))
end

-- Writes the ends of jobs into their states. Returns the reports of which that could be done, and their ids.
local function noteEnds(accepted)
  local noted, ids = {}, {}
  for _, report in ipairs(accepted) do
    report.made = tostring(report.made + 1)
    if writeEnd(report) then
      noted[#noted + 1] = report
      ids[#ids + 1] = report.id
      countEnds(report.target, 1)
      if report.mode.counts then countTyped(report) end
    end
  end
  if #ids > 0 then redis.call('HDEL', keys.runs, unpack(ids)) end
  return noted, ids
end

local function emitEnd(report)
  if report.target == 'completed' then
    emit('completed', 'jobId', report.id, 'returnvalue', report.value, 'prev', 'active')
    return
  end
  if tonumber(report.made) >= report.mode.attempts then
    emit('retries-exhausted', 'jobId', report.id, 'attemptsMade', report.made)
  end
  emit('failed', 'jobId', report.id, 'failedReason', report.value, 'prev', 'active')
end

-- Carries out reports that nothing speaks against.
local function carryOut(accepted)
  local noted, ids = noteEnds(accepted)
  if #ids == 0 then return end
  redis.call('ZREM', keys.leases, unpack(ids))
  redis.call('SREM', keys.processing, unpack(ids))
  limited.leaveAll(ids, 1, #ids)
  redis.call('ZREM', keys.queue, unpack(ids))
  local strings = {}
  for _, report in ipairs(noted) do
    strings[#strings + 1] = report.statusKey
    strings[#strings + 1] = report.target
    if report.target == 'completed' then
      strings[#strings + 1] = resultKey(report.id)
      strings[#strings + 1] = report.value
    end
  end
  redis.call('MSET', unpack(strings))
  for _, report in ipairs(noted) do
    local id, target = report.id, report.target
    emitEnd(report)
    if report.parent or report.deduplicationId then tellEnded(id, target, report.value) end
    if report.mode.keep == 0 then
      batches.ended(id, target)
      evictOne(id)
    else
      redis.call('ZADD', keys[target], report.mode.keep > 0 and timeOfEnd(target) or ARGV[1], id)
      if isDead(report) then redis.call('ZADD', keys.dead, ARGV[1], id) end
      keepOrExpire(id, target, report.mode.ttl)
    end
    publish(id, target, 'job_' .. target)
  end
end

-- Ends jobs, each of which is reported once. Returns those that were refused since they wait for children, if any of them
-- may have ended here.
local function endOnce(part)
  decide(part)
  local accepted, waiting = {}, {}
  for _, report in ipairs(part) do
    if report.answer == -4 then
      waiting[#waiting + 1] = report
    elseif not report.answer and not report.isDone then
      accepted[#accepted + 1] = report
    end
  end
  if #accepted == 0 then return {} end
  carryOut(accepted)
  local asked = {}
  for _, report in ipairs(accepted) do evictAsAsked(report.mode, asked) end
  return waiting
end

-- Ends jobs, in order.
local function endInOrder(unusual)
  local from = 1
  while from <= #unusual do
    -- A second report of the same job has to see what the first one did.
    local part, seen = {}, {}
    while from <= #unusual and not seen[unusual[from].id] do
      seen[unusual[from].id] = true
      part[#part + 1] = unusual[from]
      from = from + 1
    end
    repeat part = endOnce(part) until #part == 0
  end
end

-- When ids were last dropped, and of which queue: keys end by themselves, and lists only have to follow soon.
local DROP_MS = 100
local droppedOf, droppedAt = false, 0

local function dropNowAndThen(limit)
  local age = serverNow() - droppedAt
  if droppedOf == base and age >= 0 and age < DROP_MS then return end
  if not dropExpired(limit) then droppedOf, droppedAt = base, serverNow() end
end

-- Ends the jobs of reports that are not so simple, given their numbers. Returns how many were ended.
local function endUnusual(numbers)
  local unusual, ended = {}, 0
  for at, nth in ipairs(numbers) do
    local from = reports.before + 4 * nth
    local mode = reports.modes[nth]
    unusual[at] = {
      id = ARGV[from], token = ARGV[from + 1], value = ARGV[from + 2], mode = mode, target = mode.target,
      statusKey = statusKey(ARGV[from]),
    }
  end
  endInOrder(unusual)
  for at, nth in ipairs(numbers) do
    local report = unusual[at]
    reports.answers[nth] = report.answer or false
    if not report.answer and not report.isDone then ended = ended + 1 end
  end
  return ended
end

-- Ends jobs in the order of their reports, as many at once as are plain, or are not. Row n of the plain ones is report
-- `nths[n]`; there are `plain` of them.
local function endInTurns(plain, nths)
  local ended, nth, row = 0, 1, 1
  while nth <= reports.count do
    local count, others = 0, nil
    if row <= plain and nths[row] == nth then
      local first = row
      while row < plain and nths[row + 1] == nths[row] + 1 do row = row + 1 end
      nth, row = nths[row] + 1, row + 1
      count, others = completePlain(reports, first, row - 1, first > 1 or nths[first] > 1)
    else
      others = {}
      while nth <= reports.count and not (row <= plain and nths[row] == nth) do
        others[#others + 1] = nth
        nth = nth + 1
      end
    end
    ended = ended + count + (others and endUnusual(others) or 0)
  end
  return ended
end

-- Ends the jobs of all reports of the call. Returns how many were ended.
function endJobs()
  local plain, nths = findPlain(reports)
  local ended, repeated
  if plain == reports.count then
    ended, repeated = completePlain(reports, 1, plain, false)
    if repeated then ended = ended + endUnusual(repeated) end
  else
    -- Not all was looked at so far, see `checkUsualTypes`.
    if reports.isUsual then checkTypes() end
    ended = endInTurns(plain, nths)
  end
  if reports.isCounted then writeRuns() end
  dropNowAndThen(math.max(100, 2 * reports.count))
  return ended
end
