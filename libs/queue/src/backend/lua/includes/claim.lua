-- Claiming the best jobs, each with a lease. This and `complete` run for every job, so they are written for little Lua: rows
-- that are kept from call to call instead of a table for each job, and numbers as the texts they came as.
--@include delayed added limits metrics slots held run large parked
--@exports claimJobs claimed

-- The claimed jobs of this call, in rows: id; the text of a plain one, or false; the fields of another, flat names and
-- values. Behind the last one stands what earlier calls left; `isLarge` says that it should not stay.
claimed = { ids = {}, texts = {}, fields = {}, isLarge = false }
local claimedIds, claimedTexts, claimedFields, claimedStatusKeys, claimedRuns = claimed.ids, claimed.texts, claimed.fields, {}, {}

-- What is read at once; and bytes of payloads after which a call takes no more: it holds Redis meanwhile.
local PIECE = 25
local MAX_BYTES = 1024 * 1024

-- A job with a state of its own: its fields and its run, both as they were. Returns nil and why it cannot be run
-- otherwise. The payload is in the last field where the state has none.
local function readState(id)
  local fields = redis.pcall('HGETALL', jobKey(id))
  if fields.err then return nil, setAsideForeign(id) end
  local run = { tied = '1', processedOn = ARGV[1], started = '1', made = '0', worker = '', token = '', finishedOn = '' }
  local payload
  for at = 1, #fields, 2 do
    local name = fields[at]
    if name == 'data' then payload = fields[at + 1] end
    if name == 'batch' then run.batch = fields[at + 1] end
    if name == 'attemptsStarted' then run.started = tostring(countOf(fields[at + 1]) + 1) end
    if name == 'attemptsMade' then run.made = countOf(fields[at + 1]) end
  end
  if payload then return fields, run, #payload end
  local document = redis.pcall('GET', dataKey(id))
  if type(document) ~= 'string' then
    return nil, document and 'document is not a string in Redis' or 'document is gone'
  end
  fields[#fields + 1] = 'document'
  fields[#fields + 1] = document
  return fields, run, #document
end

local ids, statusKeys, stateKeys = {}, {}, {}

-- Of the first `count` of `ids`, enters those that can be run behind the first `taken` rows. Of the others it is recorded
-- that they ended already, or why they cannot. With limits of types, `places` has the ids' scores, and at most `wanted` rows
-- are entered. Returns how many rows there are now, and bytes of the payloads.
local function readRunnable(count, taken, places, wanted)
  for n = 1, count do
    local id = ids[n]
    statusKeys[n], stateKeys[n] = base .. 'status:' .. id, base .. 'job:' .. id
  end
  local statuses = redis.call('MGET', unpack(statusKeys, 1, count))
  local plain = redis.call('HMGET', keys.plain, unpack(ids, 1, count))
  local haveStates = redis.call('EXISTS', unpack(stateKeys, 1, count)) > 0
  local bytes = 0
  for n = 1, count do
    local id, status, text = ids[n], statuses[n], plain[n]
    if status ~= 'pending' and redis.call('ZSCORE', keys.leases, id) then
      -- It runs already; a second entry in the queue means nothing.
      redis.call('SADD', keys.processing, id)
    else
      local fields, run, size
      if not text or haveStates and redis.call('EXISTS', stateKeys[n]) == 1 then
        fields, run, size = readState(id)
        text = false
      end
      if reasonOf[status] then
        settleIfEnded(id)
      elseif places and (text or fields) and not parking.admits(id, text, fields, places[id], taken < wanted) then
        -- It waits, in its place or parked.
      elseif text or fields then
        taken = taken + 1
        claimedIds[taken], claimedTexts[taken], claimedFields[taken] = id, text, fields
        claimedStatusKeys[taken], claimedRuns[taken] = statusKeys[n], run
        bytes = bytes + (size or #text)
      else
        failUnusable(id, run)
      end
    end
  end
  return taken, bytes
end

-- A score with digits behind its point: to read one as a number costs as much as two commands.
local PLACED = '^(%-?%d+)%.%d+$'

-- Whether jobs with these scores, the lowest and the highest, stand where Drover placed them, within one priority: what a
-- legacy service adds has a whole score.
local function arePlaced(lowest, highest)
  local whole = string.match(lowest, PLACED)
  if whole and (highest == lowest or string.match(highest, PLACED) == whole) then return true end
  local low, high = tonumber(lowest), tonumber(highest)
  local edge = math.ceil(high)
  return edge ~= high and low > edge - 1
end

-- Puts popped jobs back to their places, from that at `first` on.
local function putBack(popped, first)
  local back = {}
  for at = first, #popped, 2 do
    back[#back + 1] = popped[at + 1]
    back[#back + 1] = popped[at]
  end
  redis.call('ZADD', keys.queue, unpack(back))
end

-- Sorts out popped jobs. Those in `others` (ids left to other workers, as a set, or false) are put behind `left`, flat
-- scores and ids. Enters the rest in `ids`, and returns how many.
local function sortOut(popped, others, left)
  local count = 0
  for at = 1, #popped, 2 do
    local id, score = popped[at], popped[at + 1]
    if others and others[id] then
      left[#left + 1] = score
      left[#left + 1] = id
    elseif arePlaced(score, score) then
      count = count + 1
      ids[count] = id
    else
      -- Added by a legacy service and not seen yet: all such get their places first, in order of arrival.
      putBack(popped, at)
      adoptAdded(100, true)
      return count
    end
  end
  return count
end

-- Scores of popped jobs by their ids.
local function placesOf(popped)
  local places = {}
  for at = 1, #popped, 2 do places[popped[at]] = popped[at + 1] end
  return places
end

-- Takes the best jobs that can be run into the rows, at most `wanted`, with at most 200 calls for jobs that cannot. Returns
-- how many, and true when the queue may have more although fewer were taken.
local function takeBest(wanted, others)
  local taken, bytes, hasMore, isEnough = 0, 0, true, false
  local left = others and {}
  local hasLimits = parking.begin(wanted, others)
  for _ = 1, 200 do
    local popping = math.min(PIECE, hasLimits and memo.parked > 0 and PIECE or wanted - taken)
    local popped = redis.call('ZPOPMIN', keys.queue, popping)
    local size = #popped
    local count = size / 2
    if size > 0 and not others and arePlaced(popped[2], popped[size]) then
      for n = 1, count do ids[n] = popped[2 * n - 1] end
      hasMore = count == popping
    else
      count = sortOut(popped, others, left)
      hasMore = size > 0
    end
    if count > 0 then
      local ok, now, read = attempt(readRunnable, count, taken, hasLimits and placesOf(popped), wanted)
      if not ok then
        -- Not all types were looked at before, see `checkUsualTypes`. What was taken before this piece is claimed all the same.
        putBack(popped, 1)
        if hasLimits then parking.forgetPiece() end
        if taken == 0 then error(now) end
        hasMore = false
        break
      end
      taken, bytes = now, bytes + read
      isEnough = hasLimits and parking.endPiece()
    end
    -- Of the parked ones that came back some may have ended.
    if hasLimits and not hasMore and taken < wanted then hasMore = parking.bringBack(wanted - taken, others) end
    if not hasMore or taken >= wanted or bytes >= MAX_BYTES or isEnough then break end
  end
  if left and #left > 0 then redis.call('ZADD', keys.queue, unpack(left)) end
  claimed.isLarge = bytes >= MAX_BYTES
  return taken, hasMore and (claimed.isLarge or isEnough)
end

local leases, strings, runs = {}, {}, {}

-- Makes the jobs in the rows run, job n under `tokens[n]`, and adds to fields what that changes.
local function activate(count, tokens, worker, lease)
  local tail = plainRunTail(worker)
  for n = 1, count do
    local id, fields = claimedIds[n], claimedFields[n]
    local second = 2 * n
    strings[second - 1], strings[second] = claimedStatusKeys[n], 'running'
    leases[second - 1], leases[second] = lease, id
    runs[second - 1] = id
    if fields then
      local run = claimedRuns[n]
      run.worker, run.token = worker, tokens[n]
      if run.batch then batches.noteStart(run.batch) end
      runs[second] = runText(run)
      appendRun(fields, run)
    else
      runs[second] = '0' .. tokens[n] .. tail
    end
    emitActive(id)
    if not memo.isUnheard then publish(id, 'running') end
  end
  redis.call('MSET', unpack(strings, 1, 2 * count))
  redis.call('SADD', keys.processing, unpack(claimedIds, 1, count))
  writeMany('ZADD', keys.leases, leases, count)
  redis.call('HSET', keys.runs, unpack(runs, 1, 2 * count))
  if setting('types') then parking.enterAll(claimedIds, count) end
end

-- A JSON array of ids as a set; false where there are none.
local function setOf(json)
  if json == '' then return false end
  local set = {}
  for _, id in ipairs(cjson.decode(json)) do set[id] = true end
  return set
end

-- Claims one job for each of the first `wanted` of `tokens`, with all that comes before it: the first in the rows for the
-- first token. `isWoken` says that a worker which had nothing to do may ask: then it wakes the next one when there are jobs
-- left, since whoever adds many wakes one. `lease` is in ms, `worker` a name or '', `others` ids to leave to other workers
-- (JSON array, or ''), `terms` what the worker asks of the queue (see `termsOf`). Returns how many, and what is said to the
-- tokens that got none: ms of a rate limit or 0, time of the next delayed job or 0, 1 when there is more to do before there
-- is an answer (legacy jobs to adopt, or more payloads or jobs to park than a call takes), 1 at the limit of running jobs.
function claimJobs(tokens, wanted, isWoken, lease, worker, others, terms)
  if setting('types') then limited.willClaim(tokens[1]) end
  if memo.timed > 0 then promoteDue(500) end
  if memo.isAdded then
    local _, backlog = adoptAdded(100, false)
    if backlog then return 0, 0, 0, 1, 0 end
  end
  local starts, slots, wait, most, duration = math.huge, math.huge, 0, nil, nil
  if terms ~= '' or memo.timed > 0 or not isUnbound() then
    local asked = termsOf(terms)
    wantMetrics(asked.points)
    most, duration = rateLimit(asked)
    starts, wait = startsLeft(most)
    if starts == 0 then
      parking.postpone()
      return 0, wait, 0, 0, 0
    end
    slots = freeSlots()
    if slots < wanted then
      recordEnds(200)
      slots = freeSlots()
    end
    if slots == 0 or isPaused() then
      parking.postpone()
      return 0, 0, nextDue() or 0, 0, slots == 0 and 1 or 0
    end
  end
  local count, hasMore = takeBest(math.min(wanted, starts, slots), setOf(others))
  if count > 0 then
    activate(count, tokens, worker, exact(serverNow() + lease))
    if most then countStarts(count, duration) end
  end
  if setting('types') then parking.passOn() end
  -- Without a job although some are left, they are other workers': waking anybody could wake this one again.
  if isWoken and (count > 0 or others == '') and redis.call('ZCARD', keys.queue) > 0 then wakeWorker() end
  if count == wanted then return count, 0, 0, 0, 0 end
  if count == starts then return count, limitedFor(most), 0, 0, 0 end
  return count, 0, nextDue() or 0, hasMore and 1 or 0, count == slots and 1 or 0
end
