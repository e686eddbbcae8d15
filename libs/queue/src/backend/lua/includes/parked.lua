-- Parked jobs: those that wait since their type is at its limit. To keep them out of the way they stand among the delayed
-- jobs, due never, and in `<p>parked` by the place they had in the queue: they wait like others, and are shown so.
-- `<p>parked:<type>` has them by type, `<p>parked-of` the type by id, and `<p>parked-types` names those types.
-- `<p>parked-asked` are the workers that have looked at the parked jobs since something changed.
--@include context announce wake typelimits later
--@exports parking
parking = {}

-- A call parks and brings back no more than about so many: it holds Redis meanwhile.
local MOST = 500
local LOOK = 100
local ROUND_SECONDS = 60

-- What is to become of the jobs of a piece that the claim looks at.
local excess, refused, admitted = {}, {}, {}

local function nameIn(fields)
  for at = 1, #fields, 2 do
    if fields[at] == 'name' then return fields[at + 1] end
  end
end

-- Whether a job at the place `score` may start, given the text of a plain one or the fields of another; one that is not
-- wanted goes back to its place.
function parking.admits(id, text, fields, score, isWanted)
  if not isWanted then
    excess[#excess + 1] = score
    excess[#excess + 1] = id
    return false
  end
  local limits, untyped = limited.limits()
  local name = text and string.match(text, '^[^\n]*\n[^\n]*\n([^\n]*)\n') or fields and nameIn(fields) or untyped
  if not limits[name] then return true end
  local room = limited.roomFor(name)
  if room.open < 1 or room.own < 1 then
    refused[#refused + 1] = { id = id, name = name, score = score }
    return false
  end
  room.open, room.own = room.open - 1, room.own - 1
  admitted[id] = name
  return true
end

-- Forgets what was decided about a piece that could not be read.
function parking.forgetPiece() excess, refused = {}, {} end

local function parkRefused()
  local due, places, names, types = {}, {}, {}, {}
  for at, job in ipairs(refused) do
    due[2 * at - 1], due[2 * at] = limited.NEVER, job.id
    places[2 * at - 1], places[2 * at] = job.score, job.id
    names[2 * at - 1], names[2 * at] = job.id, job.name
    local ofType = types[job.name] or {}
    types[job.name] = ofType
    ofType[#ofType + 1] = job.score
    ofType[#ofType + 1] = job.id
  end
  redis.call('ZADD', keys.delayed, unpack(due))
  redis.call('ZADD', keys.parked, unpack(places))
  redis.call('HSET', keys['parked-of'], unpack(names))
  for name, ofType in pairs(types) do
    redis.call('ZADD', base .. 'parked:' .. name, unpack(ofType))
    redis.call('SADD', keys['parked-types'], name)
    -- Another worker may have room.
    if limited.roomFor(name).open >= 1 then memo.news = true end
  end
end

-- Carries out what was decided about a piece. Returns true when the call has parked enough.
function parking.endPiece()
  if #excess > 0 then redis.call('ZADD', keys.queue, unpack(excess)) end
  if #refused > 0 then parkRefused() end
  memo.parked = memo.parked + #refused
  excess, refused = {}, {}
  return memo.parked >= MOST
end

-- Gives the claimed jobs their places.
function parking.enterAll(ids, count)
  for n = 1, count do
    local name = admitted[ids[n]]
    if name then limited.enter(ids[n], memo.worker, name) end
  end
end

-- Brings jobs of a type back to their places in the queue: the best, at most `most`, that stand before `bound`. Returns true
-- when there were any.
local function bringBackOf(name, most, bound, others)
  local index, back, from = base .. 'parked:' .. name, {}, 0
  for _ = 1, MOST / LOOK do
    local found, count = redis.call('ZRANGE', index, from, from + LOOK - 1, 'WITHSCORES'), #back
    for at = 1, #found, 2 do
      local id, score = found[at], found[at + 1]
      if most <= 0 or tonumber(score) >= bound then
        most = 0
        break
      end
      if not (others and others[id]) then
        redis.call('ZREM', index, id)
        if undelay(id) then
          most = most - 1
          back[#back + 1] = score
          back[#back + 1] = id
        end
      end
    end
    if most <= 0 or #found < 2 * LOOK then break end
    from = from + LOOK - (#back - count) / 2
  end
  if #back > 0 then redis.call('ZADD', keys.queue, unpack(back)) end
  return #back > 0
end

-- Brings parked jobs back that may start now and are better than what waits in the queue, `wanted` of a type at most. `others`
-- are ids left to other workers, as a set, or false. Returns true when there were any.
function parking.bringBack(wanted, others)
  local names = redis.call('SMEMBERS', keys['parked-types'])
  if #names == 0 then return false end
  local edge = redis.call('ZRANGE', keys.queue, wanted - 1, wanted - 1, 'WITHSCORES')
  local bound = edge[2] and tonumber(edge[2]) or math.huge
  local isAny = false
  for _, name in ipairs(names) do
    local room = limited.roomFor(name)
    local most = math.min(room.open, room.own, wanted)
    if most >= 1 and bringBackOf(name, most, bound, others) then isAny = true end
  end
  return isAny
end

-- Starts a claim, with arguments of `bringBack`. Returns false when no type has limits.
function parking.begin(wanted, others)
  if not setting('types') then return false end
  excess, refused, admitted = {}, {}, {}
  parking.bringBack(wanted, others)
  return true
end

-- Whether a parked job could start, if not here, then elsewhere.
local function isOpen()
  for _, name in ipairs(redis.call('SMEMBERS', keys['parked-types'])) do
    if limited.roomFor(name).open >= 1 then return true end
  end
  return false
end

-- After a claim: a worker that has no room itself, or took what it wanted, hands the news on that there is room for parked
-- jobs, until each has heard it once. Nobody knows which of them has room, and one that waits for work was woken first
-- when it has waited longest. Should the round get lost, another one begins after a minute.
function parking.passOn()
  local isNew = memo.news
  memo.news = false
  if redis.call('EXISTS', keys['parked-types']) == 0 or not isOpen() then return end
  if isNew then redis.call('DEL', keys['parked-asked']) end
  if redis.call('SADD', keys['parked-asked'], memo.worker) == 0 then return end
  redis.call('EXPIRE', keys['parked-asked'], ROUND_SECONDS, 'NX')
  if not wakeWorker() then redis.call('DEL', keys['parked-asked']) end
end

-- The same after a claim that took nothing since the queue is paused or at a limit of its own: whoever is woken when that ends
-- is to begin a new round.
function parking.postpone()
  memo.news = false
  if setting('types') then redis.call('DEL', keys['parked-asked']) end
end
