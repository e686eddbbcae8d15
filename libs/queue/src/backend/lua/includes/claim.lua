-- Claiming the best jobs, each with a lease.
--@include delayed added limits metrics slots held run
--@exports claimJobs

-- A job with a state of its own: `fields` (flat names and values), attempts `started` and `made`, and `document` where the
-- payload stands there. Returns nil and why it cannot be run otherwise.
local function readState(id)
  local fields = redis.pcall('HGETALL', jobKey(id))
  if fields.err then return nil, setAsideForeign(id) end
  local job = { id = id, fields = fields, started = '0', made = '0', document = false }
  local hasPayload = false
  for at = 1, #fields, 2 do
    local name = fields[at]
    if name == 'data' then hasPayload = true end
    if name == 'attemptsStarted' then job.started = countOf(fields[at + 1]) end
    if name == 'attemptsMade' then job.made = countOf(fields[at + 1]) end
  end
  if hasPayload then return job end
  job.document = redis.pcall('GET', dataKey(id))
  if type(job.document) == 'string' then return job end
  return nil, job.document and 'document is not a string in Redis' or 'document is gone'
end

-- The jobs `ids` that can be run: as `readState` says, or with `plain`, the text of a plain one. Of the others it is
-- recorded that they ended already, or why they cannot.
local function readRunnable(ids)
  local statuses = redis.call('MGET', unpack(keysFor(ids, statusKey)))
  local plain = redis.call('HMGET', keys.plain, unpack(ids))
  local haveStates = redis.call('EXISTS', unpack(keysFor(ids, stateKey))) > 0
  local jobs = {}
  for at, id in ipairs(ids) do
    local job, problem
    if plain[at] and not (haveStates and redis.call('EXISTS', stateKey(id)) == 1) then
      job = { id = id, plain = plain[at] }
    else
      job, problem = readState(id)
    end
    if reasonOf[statuses[at]] then
      settleIfEnded(id)
    elseif problem then
      failUnusable(id, problem)
    else
      jobs[#jobs + 1] = job
    end
  end
  return jobs
end

-- Redis keeps a small sorted set as a list, in which every write searches from the front. A long member makes it the
-- kind it would be with many, and it stays so when that leaves. Worth it for so many jobs at once:
local MANY = 8
local LONG = '-----------------------------------------------------------------'

local function writeLeases(leases)
  local isList = #leases >= 2 * MANY and redis.pcall('OBJECT', 'ENCODING', keys.leases) == 'listpack'
  if isList then redis.call('ZADD', keys.leases, 0, LONG) end
  redis.call('ZADD', keys.leases, unpack(leases))
  if isList then redis.call('ZREM', keys.leases, LONG) end
end

-- Makes popped jobs run, job n under `tokens[n]`, and adds to their `fields` what that changes.
local function activate(jobs, tokens, worker, lease)
  local statuses, ids, leases, runs, plainRun = {}, {}, {}, {}, plainRunText(worker)
  for at, job in ipairs(jobs) do
    local id, fields = job.id, job.fields
    local run = fields and {
      processedOn = ARGV[1], started = job.started == '0' and '1' or tostring(job.started + 1), made = job.made,
      tied = '1', finishedOn = '', worker = worker, token = tokens[at],
    }
    statuses[2 * at - 1], statuses[2 * at] = statusKey(id), 'running'
    leases[2 * at - 1], leases[2 * at] = lease, id
    ids[at] = id
    runs[2 * at - 1], runs[2 * at] = id, run and runText(run) or plainRun .. tokens[at]
    local last = run and appendRun(fields, run)
    if job.document then
      fields[last + 1], fields[last + 2] = 'document', job.document
    end
    emit('active', 'jobId', id, 'prev', 'waiting')
    publish('status_updated', id, 'running')
  end
  redis.call('MSET', unpack(statuses))
  redis.call('SADD', keys.processing, unpack(ids))
  writeLeases(leases)
  redis.call('HSET', keys.runs, unpack(runs))
end

-- Pops the best `wanted` jobs that may be run. Those in `others` (ids left to other workers, as a set) are put into
-- `left`, flat scores and ids. Returns ids, and true when the queue has no more.
local function popBest(wanted, others, left)
  local popped = redis.call('ZPOPMIN', keys.queue, wanted)
  local ids, at = {}, 1
  while popped[at] do
    local id, score = popped[at], popped[at + 1]
    local place = tonumber(score)
    if others[id] then
      left[#left + 1] = score
      left[#left + 1] = id
    elseif math.ceil(place) == place then
      -- Added by a legacy service and not seen yet: all such get their places first, in order of arrival.
      local back = {}
      for from = at, #popped, 2 do
        back[#back + 1] = popped[from + 1]
        back[#back + 1] = popped[from]
      end
      redis.call('ZADD', keys.queue, unpack(back))
      adoptAdded(100, true)
      break
    else
      ids[#ids + 1] = id
    end
    at = at + 2
  end
  if #ids == 0 then return ids, #popped == 0 end
  local waiting = {}
  for index, lease in ipairs(redis.call('ZMSCORE', keys.leases, unpack(ids))) do
    if lease then
      -- It runs already; a second entry in the queue means nothing.
      redis.call('SADD', keys.processing, ids[index])
    else
      waiting[#waiting + 1] = ids[index]
    end
  end
  return waiting, false
end

-- Takes the best jobs that can be run, at most `wanted`. At most 200 calls for jobs that cannot.
local function takeBest(wanted, others)
  local jobs, left = {}, {}
  for _ = 1, 200 do
    local ids, isEmpty = popBest(wanted - #jobs, others, left)
    if #ids > 0 then
      for _, job in ipairs(readRunnable(ids)) do jobs[#jobs + 1] = job end
    end
    if isEmpty or #jobs >= wanted then break end
  end
  if #left > 0 then redis.call('ZADD', keys.queue, unpack(left)) end
  return jobs
end

-- A JSON array of ids as a set; '' is none.
local function setOf(json)
  local set = {}
  if json ~= '' then
    for _, id in ipairs(cjson.decode(json)) do set[id] = true end
  end
  return set
end

-- Claims one job for each of `tokens`, with all that comes before it. `ask` is what the worker says: `lease` in ms,
-- `worker` (its name or ''), `others` (ids to leave, JSON array, or ''), `terms` (what it asks of the queue, see
-- `termsOf`). Returns `jobs`, the first for the first token, and `none`, what is said to the tokens that got none: ms of a
-- rate limit or 0, time of the next delayed job or 0, 1 when nothing can be claimed in order before more is
-- adopted, 1 at the limit of running jobs.
function claimJobs(tokens, ask)
  promoteDue(500)
  local _, backlog = adoptAdded(100, false)
  if backlog then return { jobs = {}, none = { 0, 0, 1, 0 } } end
  local terms = termsOf(ask.terms)
  wantMetrics(terms.points)
  local most, duration = rateLimit(terms)
  local starts, limited = startsLeft(most)
  if starts == 0 then return { jobs = {}, none = { limited, 0, 0, 0 } } end
  local slots = freeSlots()
  if slots < #tokens then
    recordEnds(200)
    slots = freeSlots()
  end
  if slots == 0 or isPaused() then return { jobs = {}, none = { 0, nextDue() or 0, 0, slots == 0 and 1 or 0 } } end
  local jobs = takeBest(math.min(#tokens, starts, slots), setOf(ask.others))
  if #jobs > 0 then
    activate(jobs, tokens, ask.worker, exact(serverNow() + ask.lease))
    if most then countStarts(#jobs, duration) end
  end
  -- Without a job although some are left, they are other workers': waking anybody could wake this one again.
  if redis.call('ZCARD', keys.queue) > 0 and (#jobs > 0 or ask.others == '') then wakeWorker() end
  if #jobs == #tokens then return { jobs = jobs, none = {} } end
  if #jobs == starts then return { jobs = jobs, none = { limitedFor(most), 0, 0, 0 } } end
  return { jobs = jobs, none = { 0, nextDue() or 0, 0, #jobs == slots and 1 or 0 } }
end
