-- Looks through a piece of one list for jobs that fit a filter. Changes nothing, and is bounded: the caller goes on behind the last
-- job that was looked at.
-- Input   ARGV[5] list: ids, queue, parked, delayed, waiting-children, leases (running jobs), completed, failed, cancelled
--         ARGV[6] 'down' = highest score first  ARGV[7] score, ARGV[8] id of the place to go on behind; both '' = from the start
--         ARGV[9] how many to look at (bounded at 1000)  ARGV[10] most ids to give
--         ARGV[11] filter JSON, each field only if it matters: `parts` of the type (the texts between its asterisks), `lowest` and
--         `highest` contract priority, `creator`, `tag`, `from` (included) and `to` (not) of the time of creation in ms, `error` (a part of
--         the reason of the last failure, in lower case)  ARGV[12] type of jobs that name none
-- Output  { flat ids that fit and their scores, score and id of the last that was looked at ('' = none), how many were looked at, 1 at
--         the end of the list else 0 }
--@include facts listing

local list, isDown = ARGV[5], ARGV[6] == 'down'
local most, wanted = math.min(tonumber(ARGV[9]), 1000), tonumber(ARGV[10])
local filter, untyped = cjson.decode(ARGV[11]), ARGV[12]
-- Scores of the queue tell priorities: (-n - 1, -n], or -n as Go writes it.
local tellsPriority = list == 'queue' or list == 'parked'

local flat = entriesBehind(list, isDown, ARGV[7], ARGV[8], most)
local atEnd = #flat < 2 * most
local ids, scores = {}, {}
for at = 1, #flat, 2 do
  -- Parked jobs stand behind the delayed ones, due never; they have a list of their own.
  if list == 'delayed' and tonumber(flat[at + 1]) >= 2 ^ 53 or list == 'ids' and filter.from and tonumber(flat[at + 1]) < filter.from then
    atEnd = true
    break
  end
  ids[#ids + 1], scores[#scores + 1] = flat[at], flat[at + 1]
end
if #ids == 0 then return { {}, '', '', 0, 1 } end

local isBounded = filter.lowest ~= nil or filter.highest ~= nil
local read = (filter.parts or filter.creator or filter.tag or filter.error or isBounded and not tellsPriority) and facts.of(ids)
local created = (filter.from or filter.to) and list ~= 'ids' and redis.call('ZMSCORE', keys.ids, unpack(ids))
local cancelled = list == 'failed' and redis.call('ZMSCORE', keys.cancelled, unpack(ids))

local function fitsType(name)
  local parts = filter.parts
  local first, last, from = parts[1], parts[#parts], 1
  if #parts == 1 then return name == first end
  if string.sub(name, 1, #first) ~= first then return false end
  from = #first + 1
  for at = 2, #parts - 1 do
    local _, ends = string.find(name, parts[at], from, true)
    if not ends then return false end
    from = ends + 1
  end
  return #name - #last + 1 >= from and (last == '' or string.sub(name, -#last) == last)
end

local function fitsPriority(at)
  local priority = tellsPriority and -math.ceil(tonumber(scores[at])) or not tellsPriority and facts.priorityOf(read[at]) or 0
  return priority >= (filter.lowest or -math.huge) and priority <= (filter.highest or math.huge)
end

local function fitsTime(time)
  time = tonumber(time or nil) or 0
  return time >= (filter.from or -math.huge) and time < (filter.to or math.huge)
end

local function fits(at)
  if cancelled and cancelled[at] then return false end
  if created and not fitsTime(created[at]) then return false end
  if isBounded and not fitsPriority(at) then return false end
  local fact = read and read[at]
  if filter.parts and not fitsType(fact.name or untyped) then return false end
  if filter.creator and facts.creatorOf(fact) ~= filter.creator then return false end
  if filter.tag and not facts.hasTag(fact, filter.tag) then return false end
  if filter.error and not (fact.failedReason and string.find(string.lower(fact.failedReason), filter.error, 1, true)) then return false end
  return true
end

local found, looked = {}, 0
for at = 1, #ids do
  looked = at
  if fits(at) then
    found[#found + 1] = ids[at]
    found[#found + 1] = scores[at]
    if #found == 2 * wanted then break end
  end
end
return { found, scores[looked], ids[looked], looked, atEnd and looked == #ids and 1 or 0 }
