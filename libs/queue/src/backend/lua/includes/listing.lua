-- Reading lists of jobs piece by piece. A place in a list is a score and an id, not a rank: it stays right while jobs come and go, also
-- when the job it names has left. Equal scores stand in the order of ids, as Redis compares them.
--@include context
--@exports entriesBehind

-- Running jobs that are listed at most: their list is sorted anew for each piece.
local MOST_RUNNING = 10000

-- Lua's `<` goes by the server's locale.
local function isLess(a, b)
  for at = 1, math.min(#a, #b) do
    local x, y = string.byte(a, at), string.byte(b, at)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- Whether `id` stands before or at `place` among jobs of one score.
local function isUpTo(id, place, isDown)
  if id == place then return true end
  if isDown then return isLess(place, id) end
  return isLess(id, place)
end

local function range(key, first, last, isDown)
  if isDown then return redis.call('ZRANGE', key, first, last, 'REV', 'WITHSCORES') end
  return redis.call('ZRANGE', key, first, last, 'WITHSCORES')
end

-- How many members stand before or at a place; without an id, all of that score do.
local function rankBehind(key, score, id, isDown)
  local before = isDown and redis.call('ZCOUNT', key, '(' .. score, '+inf') or redis.call('ZCOUNT', key, '-inf', '(' .. score)
  local low, high = 0, redis.call('ZCOUNT', key, score, score)
  if id == '' then return before + high end
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = range(key, before + middle, before + middle, isDown)[1]
    if isUpTo(found, id, isDown) then low = middle + 1 else high = middle end
  end
  return before + low
end

-- Running jobs, the newest first. Leases are extended all the time, so their order says nothing that lasts.
local function running(score, id, most)
  local ids, jobs, flat = redis.call('ZRANGE', keys.leases, 0, MOST_RUNNING - 1), {}, {}
  for from = 1, #ids, 1000 do
    for at, created in ipairs(redis.call('ZMSCORE', keys.ids, unpack(ids, from, math.min(from + 999, #ids)))) do
      jobs[#jobs + 1] = { id = ids[from + at - 1], text = created or '0', created = tonumber(created or 0) }
    end
  end
  table.sort(jobs, function(a, b)
    if a.created ~= b.created then return a.created > b.created end
    return isLess(b.id, a.id)
  end)
  local last = tonumber(score)
  for _, job in ipairs(jobs) do
    if #flat == 2 * most then break end
    local isBehind = not last or job.created < last or job.created == last and id ~= '' and not isUpTo(job.id, id, true)
    if isBehind then
      flat[#flat + 1] = job.id
      flat[#flat + 1] = job.text
    end
  end
  return flat
end

-- Up to `most` ids of a list behind a place, each with its score as text behind it. Without a score from the start.
function entriesBehind(list, isDown, score, id, most)
  if list == 'leases' then return running(score, id, most) end
  local first = score == '' and 0 or rankBehind(keys[list], score, id, isDown)
  return range(keys[list], first, first + most - 1, isDown)
end
