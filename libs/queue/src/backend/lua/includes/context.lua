-- What every script is given, and every key of a queue spelled once.
-- KEYS[1]  base of the queue's keys, `<prefix>:<queue>:`; all other keys derive from it (one slot on a cluster)
-- ARGV[1]  the caller's time in ms   ARGV[2]  TTL of finished jobs in ms, 0 = never
-- ARGV[3]  largest document in bytes  ARGV[4]  lease in ms given to jobs that legacy services run
-- A script's own arguments start at ARGV[5].
-- The parts are loaded once and called often where Redis keeps them as functions: what a call changes is set anew
-- by `begin`, or stands in `memo`.
--@exports begin base now ttl maxDocumentBytes legacyLease keys memo memos call within statusKey dataKey resultKey stateKey
--@exports jobKey tieRun
--@exports logsKey pendingKey processedKey ignoredKey unsuccessfulKey serverNow setting isUnbound forgetSettings exact
--@exports inPieces checkTypes checkUsualTypes checkJobTypes attempt problemWith mustBe setAsideForeign

-- Names of a queue's keys; kept, because joining them anew costs as much as several commands.
local knownKeys, knownCount = {}, 0

local function keysOf(base)
  local known = knownKeys[base]
  if known then return known end
  if knownCount >= 1000 then knownKeys, knownCount = {}, 0 end
  knownCount = knownCount + 1
  knownKeys[base] = {
    -- the contract's
    queue = base .. 'queue',
    processing = base .. 'processing',
    updates = base .. 'updates',
    -- Drover's
    ids = base .. 'ids',
    delayed = base .. 'delayed',
    ['waiting-children'] = base .. 'waiting-children',
    leases = base .. 'leases',
    runs = base .. 'runs',
    plain = base .. 'plain',
    completed = base .. 'completed',
    failed = base .. 'failed',
    dead = base .. 'dead',
    cancelled = base .. 'cancelled',
    expiring = base .. 'expiring',
    awaited = base .. 'awaited',
    missing = base .. 'missing',
    arrivals = base .. 'arrivals',
    nothing = base .. 'nothing',
    meta = base .. 'meta',
    events = base .. 'events',
    wakeup = base .. 'wakeup',
    counter = base .. 'counter',
    swept = base .. 'swept',
    limiter = base .. 'limiter',
    ['metrics:completed'] = base .. 'metrics:completed',
    ['metrics:completed:data'] = base .. 'metrics:completed:data',
    ['metrics:failed'] = base .. 'metrics:failed',
    ['metrics:failed:data'] = base .. 'metrics:failed:data',
    schedulers = base .. 'schedulers',
    cancels = base .. 'cancel',
    ['types:metrics'] = base .. 'types:metrics',
    slots = base .. 'slots',
    ['slot-counts'] = base .. 'slot-counts',
    parked = base .. 'parked',
    ['parked-of'] = base .. 'parked-of',
    ['parked-types'] = base .. 'parked-types',
    ['parked-asked'] = base .. 'parked-asked',
    batches = base .. 'batches',
    ['batches-open'] = base .. 'batches-open',
  }
  return knownKeys[base]
end

-- What a script remembers of a queue while it runs (`memo`), such as places given and not yet written; `memos` has those
-- of all queues, once there are several. All that a part remembers there is named here, so that the next call forgets it.
local function cleared(remembered, ofBase)
  remembered.keys = keysOf(ofBase)
  remembered.settings = false -- see `setting`
  remembered.timed, remembered.isAdded = 1, true -- see `checkUsualTypes`
  remembered.unfolded = false -- see `jobKey`
  remembered.messages, remembered.isUnheard, remembered.parts, remembered.isTrimmed = 0, false, false, false -- see `announce`
  remembered.tails, remembered.heads = false, false -- see `place`
  remembered.ends = false -- see `finish`
  remembered.batch = nil -- see `collected`
  remembered.isSound = nil -- see `family`
  remembered.rooms, remembered.worker, remembered.news = false, false, false -- see `typelimits`
  remembered.parked = 0 -- see `parked`
  remembered.batches, remembered.staged = false, false -- see `batches`, `add`
  return remembered
end

-- That of the queue a call is about, kept: to build a table anew costs more than to clear it.
local own = {}

-- What a call remembers beyond single queues: its `number` among those of this library, 1 for a script; `time` (the
-- server's, once asked for), `seconds` (see `announce`), `touched` (see `family`).
call = { number = 0 }

-- The settings that the last call came with, as texts: they seldom change.
local given = {}

-- Starts a call.
function begin()
  base = KEYS[1]
  now = tonumber(ARGV[1])
  if ARGV[2] ~= given[1] or ARGV[3] ~= given[2] or ARGV[4] ~= given[3] then
    given = { ARGV[2], ARGV[3], ARGV[4] }
    ttl, maxDocumentBytes, legacyLease = tonumber(given[1]), tonumber(given[2]), tonumber(given[3])
  end
  memo = cleared(own, base)
  keys = memo.keys
  memos = nil
  call.number = call.number + 1
  call.time, call.touched, call.seconds = false, false, false
end

-- Runs `act(...)` on another queue: a job's parent or child may stand there. One level of Lua for all queues
-- that share a cluster slot.
function within(otherBase, act, ...)
  if otherBase == base then return act(...) end
  local ownBase, ownKeys, ownMemo = base, keys, memo
  memos = memos or { [base] = memo }
  memos[otherBase] = memos[otherBase] or cleared({}, otherBase)
  base, keys, memo = otherBase, memos[otherBase].keys, memos[otherBase]
  local answer = act(...)
  base, keys, memo = ownBase, ownKeys, ownMemo
  return answer
end

function statusKey(id) return base .. 'status:' .. id end
function dataKey(id) return base .. 'data:' .. id end
function resultKey(id) return base .. 'results:' .. id end
-- Key of a job's runtime state, for reading what plain jobs never have: ties to other jobs. For all else: `jobKey`.
function stateKey(id) return base .. 'job:' .. id end
function logsKey(id) return base .. 'logs:' .. id end
-- Of a job with children: keys of those it waits for (set), results and tolerated failures by key (hashes),
-- and those whose failure fails it (sorted set by time).
function pendingKey(id) return base .. 'pending:' .. id end
function processedKey(id) return base .. 'processed:' .. id end
function ignoredKey(id) return base .. 'ignored:' .. id end
function unsuccessfulKey(id) return base .. 'unsuccessful:' .. id end

-- A job with nothing unusual has no runtime state of its own: what it would hold stands as one text in the hash `<p>plain`
-- (time of creation, priority, name, options and payload, each but the last with a line break behind it), which is
-- written for many jobs at once and takes a fraction of the memory. Returns the fields, flat, or nil.
local function unpackPlain(text)
  local timestamp, priority, name, opts, payload = string.match(text, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
  if not payload then return nil end
  return { 'timestamp', timestamp, 'priority', priority, 'name', name, 'opts', opts, 'data', payload }
end

-- A running job is no longer plain: its end has more to look at (see `run`).
function tieRun(id)
  local text = redis.call('HGET', keys.runs, id)
  if text and string.sub(text, 1, 1) == '0' then redis.call('HSET', keys.runs, id, '1' .. string.sub(text, 2)) end
end

-- Gives a plain job a runtime state of its own. What stands there already is newer; where a key of another type is in the
-- way, everything stays, and whoever needs the state meets that key.
local function unfold(id)
  local text = redis.call('HGET', keys.plain, id)
  if not text then return end
  local fields, key = unpackPlain(text), stateKey(id)
  for at = 1, fields and #fields or 0, 2 do
    if type(redis.pcall('HSETNX', key, fields[at], fields[at + 1])) == 'table' then return end
  end
  redis.call('HDEL', keys.plain, id)
  tieRun(id)
  local ends = redis.call('ZSCORE', keys.expiring, id)
  if ends then redis.call('PEXPIREAT', key, ends) end
end

-- Key of a job's runtime state for whoever reads or changes it: from here on it stands there.
function jobKey(id)
  local unfolded = memo.unfolded or {}
  memo.unfolded = unfolded
  if not unfolded[id] then
    unfolded[id] = true
    unfold(id)
  end
  return stateKey(id)
end

-- The server's time in ms: leases and expiry are measured by one clock, whoever asks.
function serverNow()
  if not call.time then
    local time = redis.call('TIME')
    call.time = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  return call.time
end

-- Where `setting` finds them in what it read.
local SETTINGS = { paused = 1, concurrency = 2, max = 3, duration = 4, metrics = 5, ['opts.maxLenEvents'] = 6, types = 7, events = 8, batches = 9 }

-- A setting of the queue in `<p>meta` as text, or false where it is not set; those that transitions ask for are read once
-- a call. Whoever changes one in a script forgets what was read.
function setting(name)
  local read = memo.settings
  if not read then
    read = redis.call('HMGET', keys.meta, 'paused', 'concurrency', 'max', 'duration', 'metrics', 'opts.maxLenEvents', 'types',
      'events', 'batches')
    memo.settings = read
  end
  return read[SETTINGS[name]]
end

function forgetSettings() memo.settings = false end

-- Whether the queue is neither paused nor has limits of its own, like most.
function isUnbound()
  local read = memo.settings
  if not read then
    setting('paused')
    read = memo.settings
  end
  return not (read[1] or read[2] or read[3])
end

-- A number as an argument of a command, without losing digits.
function exact(number)
  -- Whole numbers are far cheaper to write so.
  if number % 1 == 0 and number < 2 ^ 53 and number > -2 ^ 53 then return string.format('%d', number) end
  return string.format('%.17g', number)
end

-- Calls `command key ... values`, in pieces: Lua cannot unpack more than a few thousand values.
function inPieces(command, key, values, size)
  for from = 1, #values, size do
    redis.call(command, key, unpack(values, from, math.min(from + size - 1, #values)))
  end
end

-- Looks at all sorted sets by one command: it checks their types, and since the first key never exists there is nothing to
-- intersect. (It takes a set for a sorted set; nobody makes one by mistake.)
local function checkSortedSets()
  redis.call('ZINTERCARD', 15, keys.nothing, keys.queue, keys.leases, keys.ids, keys.delayed, keys['waiting-children'],
    keys.completed, keys.failed, keys.dead, keys.cancelled, keys.expiring, keys.missing, keys.wakeup, keys.arrivals, keys.schedulers,
    'LIMIT', 1)
end

local function checkTypesOfLimits()
  redis.call('HLEN', keys.slots)
  redis.call('HLEN', keys['slot-counts'])
  redis.call('ZCARD', keys.parked)
  redis.call('HLEN', keys['parked-of'])
  redis.call('SINTERCARD', 3, keys.nothing, keys['parked-types'], keys['parked-asked'])
end

-- Refuses to start on keys of the wrong type: an error in the middle would leave half a transition behind.
function checkTypes()
  checkSortedSets()
  redis.call('SINTERCARD', 3, keys.nothing, keys.processing, keys.awaited)
  redis.call('HLEN', keys.runs)
  redis.call('HLEN', keys.plain)
  redis.call('XLEN', keys.events)
  redis.call('STRLEN', keys.limiter)
  if setting('types') or setting('batches') then checkTypesOfLimits() end
  if setting('batches') then
    redis.call('ZCARD', keys.batches)
    redis.call('SCARD', keys['batches-open'])
  end
  if not setting('metrics') then return end
  for _, ending in ipairs({ 'completed', 'failed' }) do
    redis.call('HLEN', keys['metrics:' .. ending])
    redis.call('ZCARD', keys['metrics:' .. ending .. ':data'])
  end
end

-- The same where plain jobs are to be completed and claimed, and nothing else: `isUsual` says so of the ends, of which there
-- are `ends`: they start with what would meet a key of the wrong type. Notes in `memo.timed` how many there are of what makes
-- a claim look at the time: delayed jobs, and a limit of starts; and in `memo.isAdded` whether a legacy service added jobs.
function checkUsualTypes(isUsual, ends)
  memo.timed = redis.call('EXISTS', keys.delayed, keys.limiter)
  memo.isAdded = redis.call('PTTL', keys.queue) >= 0
  if not isUsual or memo.timed > 0 or memo.isAdded or setting('metrics') or setting('types') or setting('batches') then
    return checkTypes()
  end
  checkSortedSets()
  redis.call('HLEN', keys.plain)
  if ends > 0 then return end
  redis.call('SCARD', keys.processing)
  redis.call('HLEN', keys.runs)
  redis.call('XLEN', keys.events)
end

-- The same for the keys of one job that a script writes: SET would put itself in the place of anything.
function checkJobTypes(id)
  redis.call('STRLEN', statusKey(id))
  redis.call('STRLEN', dataKey(id))
  redis.call('STRLEN', resultKey(id))
  redis.call('HLEN', jobKey(id))
end

-- Calls `act(...)`. Returns true and up to two values of its, or false and its error; then we are where we were before, though
-- it was thrown on another queue.
function attempt(act, ...)
  local ownBase, ownKeys, ownMemo = base, keys, memo
  local ok, first, second = pcall(act, ...)
  if not ok then base, keys, memo = ownBase, ownKeys, ownMemo end
  return ok, first, second
end

-- The text of the error that `check(...)` throws, or nil. Redis gives errors as tables or as texts.
function problemWith(check, ...)
  local ok, problem = attempt(check, ...)
  if ok then return nil end
  return type(problem) == 'table' and problem.err or tostring(problem)
end

-- The same as `checkTypes` for one key of any other kind; the error says which.
function mustBe(key, expected)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= expected then
    error({ err = 'WRONGTYPEAT ' .. cjson.encode({ key, found, expected }) })
  end
end

-- A key of another type where a job's runtime state belongs is set aside for a look, out of the way of
-- every later transition. Returns the reason to fail the job with, or nil when all is well.
function setAsideForeign(id)
  local found = redis.call('TYPE', stateKey(id)).ok
  if found == 'hash' or found == 'none' then return nil end
  redis.call('RENAME', stateKey(id), base .. 'foreign:' .. id)
  return 'runtime state was a ' .. found .. ' in Redis; it is kept at ' .. base .. 'foreign:' .. id
end
