-- Limits of single job types: how many jobs of a type run at once, over all workers and in one. `types` in meta has them as
-- JSON: `limits` (type -> `global`, `perProcess`, each a number or absent), `own` (worker -> type -> number of its own in place of
-- `perProcess`, false = none) and `untyped`, the type of jobs that name none. What is to stand there is worked out in `agreed`.
-- A queue that never had such a limit has no such field, and pays nothing.
-- `<p>slots` names the running jobs of limited types (id -> worker and type), `<p>slot-counts` how many there are of each
-- ('g' and the type, 'w' and worker and type). A job that a claim meets while its type is at its limit is *parked*:
-- see `parked`.
--@include context wake
--@exports limited
-- `NEVER` is when a parked job is due: behind every time there is.
limited = { NEVER = '9007199254740992' }

local lastText, lastRead = false, nil

-- The limits by type, the type of jobs that name none, and limits of single workers; nil where no type ever had any.
function limited.limits()
  local text = setting('types')
  if not text then return nil end
  if text ~= lastText then
    local ok, read = pcall(cjson.decode, text)
    read = ok and type(read) == 'table' and read or {}
    local function part(name) return type(read[name]) == 'table' and read[name] or {} end
    lastText, lastRead = text, { limits = part('limits'), own = part('own'), untyped = read.untyped or '' }
  end
  return lastRead.limits, lastRead.untyped, lastRead.own
end

-- The type of a job, as it is known here.
function limited.nameOf(id)
  local text = redis.call('HGET', keys.plain, id)
  local name = text and string.match(text, '^[^\n]*\n[^\n]*\n([^\n]*)\n') or redis.pcall('HGET', stateKey(id), 'name')
  local _, untyped = limited.limits()
  return type(name) == 'string' and name or untyped
end

-- A token is that of a worker, which no other one has, and of a claim, with a colon between.
function limited.workerOf(token) return string.match(token, '^(.*):[^:]*$') or token end

-- How many jobs of a type run at once: over all workers, and in the one that claims.
local function limitsOf(name)
  local limits, _, own = limited.limits()
  local limit = type(limits[name]) == 'table' and limits[name] or {}
  local ofWorker = memo.worker and own[memo.worker]
  local most = limit.perProcess
  if type(ofWorker) == 'table' and ofWorker[name] ~= nil then most = ofWorker[name] end
  return tonumber(limit.global or nil) or math.huge, tonumber(most or nil) or math.huge
end

local function globalCount(name) return 'g' .. name end
local function ownCount(worker, name) return 'w' .. worker .. '\n' .. name end

-- How many more jobs of a type may run: `open` over all workers, `own` in the one that claims.
function limited.roomFor(name)
  local rooms = memo.rooms or {}
  memo.rooms = rooms
  local room = rooms[name]
  if not room then
    redis.call('ZCARD', base .. 'parked:' .. name)
    local counts = redis.call('HMGET', keys['slot-counts'], globalCount(name), ownCount(memo.worker or '', name))
    local open, own = limitsOf(name)
    room = { open = open - (counts[1] or 0), own = own - (counts[2] or 0) }
    rooms[name] = room
  end
  return room
end

-- Says that this call will claim under `token`: until then, a place that becomes free is left to that claim.
function limited.willClaim(token) memo.worker = limited.workerOf(token) end

-- All workers that have nothing to do look again, one after the other, see `passOn`.
function limited.askAll()
  redis.call('DEL', keys['parked-asked'])
  wakeWorker()
end

local function lower(field)
  if redis.call('HINCRBY', keys['slot-counts'], field, -1) <= 0 then redis.call('HDEL', keys['slot-counts'], field) end
end

-- Takes the place of a job back. Somebody is to know when that lets a parked job run which could not before.
local function takeBack(id, slot)
  local worker, name = string.match(slot, '^([^\n]*)\n(.*)$')
  redis.call('HDEL', keys.slots, id)
  if not name then return end
  lower(globalCount(name))
  lower(ownCount(worker, name))
  local room = memo.rooms and memo.rooms[name]
  if room then
    room.open = room.open + 1
    if worker == memo.worker then room.own = room.own + 1 end
  end
  if redis.call('EXISTS', base .. 'parked:' .. name) == 0 then return end
  if memo.worker ~= worker then
    if limited.roomFor(name).open < 1 then return end
    if memo.worker then memo.news = true else limited.askAll() end
  elseif limited.roomFor(name).open == 1 then
    memo.news = true
  end
end

-- Jobs that no longer run have no places: the one with this id, or those in `ids` from `first` to `last`.
function limited.leave(id)
  if not setting('types') then return end
  local slot = redis.call('HGET', keys.slots, id)
  if slot then takeBack(id, slot) end
end

function limited.leaveAll(ids, first, last)
  if not setting('types') then return end
  for at, slot in ipairs(redis.call('HMGET', keys.slots, unpack(ids, first, last))) do
    if slot then takeBack(ids[first + at - 1], slot) end
  end
end

-- Gives a job its place.
function limited.enter(id, worker, name)
  limited.leave(id)
  redis.call('HSET', keys.slots, id, worker .. '\n' .. name)
  redis.call('HINCRBY', keys['slot-counts'], globalCount(name), 1)
  redis.call('HINCRBY', keys['slot-counts'], ownCount(worker, name), 1)
end
