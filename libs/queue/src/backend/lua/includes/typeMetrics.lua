-- What is counted of each job type: the runs that ended, how, and how long they took. `<p>types:metrics` has the types,
-- `<p>types:metrics:<type>` a hash each: `total`, `ok`, `failed`, `retried`, `dead`; `sum`, `min`, `max` of the durations in
-- ms and how many fell into each bucket (`h<number>`); `lastRun`, `lastSuccess`, `lastFailure` in ms; `recent`, the newest
-- ends as a text, '1' for one that was good, '0' for another, the newest last.
--@include context run
--@exports countRun writeRuns countRetried

-- Bucket 0 holds runs that took 0 ms, bucket n > 0 those up to GROWTH ^ (n - 1) ms. The reader (`type-metrics.ts`) has the same
-- number. A run that took longer than a job may is counted as the longest, so that the buckets are bounded.
local LOG_GROWTH = 0.0953101798043249 -- the natural logarithm of GROWTH, 1.1
local LONGEST = 30 * 86400000
local RECENT = 20

-- Runs that ended in this call, by type: written once for all of a type.
local tallies, ofCall = {}, 0

local function tallyOf(name)
  if ofCall ~= call.number then tallies, ofCall = {}, call.number end
  if not tallies[name] then
    tallies[name] = { ok = 0, failed = 0, retried = 0, dead = 0, sum = 0, recent = '', buckets = {} }
  end
  return tallies[name]
end

local function addDuration(tally, ms)
  ms = math.max(0, math.min(ms, LONGEST))
  tally.sum = tally.sum + ms
  tally.min = math.min(tally.min or ms, ms)
  tally.max = math.max(tally.max or ms, ms)
  local bucket = 'h' .. (ms < 1 and 0 or 1 + math.ceil(math.log(ms) / LOG_GROWTH))
  tally.buckets[bucket] = (tally.buckets[bucket] or 0) + 1
end

-- Counts a run of the type `name` that ended: `how` is 'ok', 'failed' (for good) or 'retried'. Without `startedAt` (ms)
-- nothing ran, and it has no duration.
function countRun(name, how, startedAt, isDead)
  local tally = tallyOf(name)
  tally[how] = tally[how] + 1
  if isDead then tally.dead = tally.dead + 1 end
  tally.recent = tally.recent .. (how == 'ok' and '1' or '0')
  if startedAt then addDuration(tally, now - startedAt) end
end

local COUNTS = { 'ok', 'failed', 'retried', 'dead', 'sum' }

-- The counters of a tally as names and amounts.
local function countersOf(tally)
  local names, amounts = { 'total' }, { tally.ok + tally.failed + tally.retried }
  for _, name in ipairs(COUNTS) do
    if tally[name] > 0 then
      names[#names + 1] = name
      amounts[#amounts + 1] = tally[name]
    end
  end
  for bucket, count in pairs(tally.buckets) do
    names[#names + 1] = bucket
    amounts[#amounts + 1] = count
  end
  return names, amounts
end

local function writeTally(name, tally)
  local key = base .. 'types:metrics:' .. name
  local names, amounts = countersOf(tally)
  -- Of another type it gives an error: counting must not keep anything from ending.
  local known = redis.pcall('HMGET', key, 'recent', 'min', 'max', 'lastRun', unpack(names))
  if known.err then return end
  local latest = exact(math.max(now, tonumber(known[4]) or 0))
  local fields = { 'recent', string.sub((known[1] or '') .. tally.recent, -RECENT), 'lastRun', latest }
  local function put(field, value)
    fields[#fields + 1], fields[#fields + 2] = field, value
  end
  if tally.ok > 0 then put('lastSuccess', latest) end
  if tally.failed + tally.retried > 0 then put('lastFailure', latest) end
  if tally.min then
    put('min', exact(math.min(tally.min, tonumber(known[2]) or tally.min)))
    put('max', exact(math.max(tally.max, tonumber(known[3]) or tally.max)))
  end
  for at, field in ipairs(names) do put(field, exact((tonumber(known[at + 4]) or 0) + amounts[at])) end
  redis.call('HSET', key, unpack(fields))
  if not known[4] then redis.pcall('SADD', keys['types:metrics'], name) end
end

-- Writes what was counted in this call.
function writeRuns()
  if ofCall ~= call.number then return end
  for name, tally in pairs(tallies) do writeTally(name, tally) end
  ofCall = 0
end

-- Counts the run of a running job which failed and is tried again.
function countRetried(id, name)
  local run = runOf(id)
  countRun(name, 'retried', run and tonumber(run.processedOn))
  writeRuns()
end
