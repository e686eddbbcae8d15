-- Ids of jobs by state, a window of each.
-- Input   ARGV[5] first, ARGV[6] last (from 0, negative = from the end)  ARGV[7] '1' = oldest first
--         ARGV[8..] states
-- Output  one list per state, in the asked order; false when more ids must be dropped first (call again)
--@include forget

if dropExpired(500) then return false end
local first, last, ascending = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'

local function reversed(list)
  local turned = {}
  for at = #list, 1, -1 do turned[#turned + 1] = list[at] end
  return turned
end

-- A window of one part of the queue: the jobs without BullMQ priority stand before all others.
local function partOf(key, prioritized)
  local split = redis.call('ZCOUNT', key, '-inf', '(-3')
  if prioritized then return { key = key, low = split, size = redis.call('ZCARD', key) - split } end
  return { key = key, low = 0, size = split }
end

-- A window of parts that stand one behind the other.
local function windowOf(parts)
  local size, from, to = 0, first, last
  for _, part in ipairs(parts) do size = size + part.size end
  if from < 0 then from = math.max(0, size + from) end
  if to < 0 then to = size + to end
  to = math.min(to, size - 1)
  if not ascending then from, to = size - 1 - to, size - 1 - from end
  local ids = {}
  for _, part in ipairs(parts) do
    local low, high = math.max(from, 0), math.min(to, part.size - 1)
    for _, id in ipairs(low <= high and redis.call('ZRANGE', part.key, part.low + low, part.low + high) or {}) do
      ids[#ids + 1] = id
    end
    from, to = from - part.size, to - part.size
  end
  return ascending and ids or reversed(ids)
end

-- Parked jobs behind those that could start now.
local function waiting(prioritized)
  return windowOf({ partOf(keys.queue, prioritized), partOf(keys.parked, prioritized) })
end

-- Without the parked ones, which stand behind all others.
local function delayed()
  return windowOf({ { key = keys.delayed, low = 0, size = redis.call('ZCARD', keys.delayed) - redis.call('ZCARD', keys.parked) } })
end

local function window(key)
  if ascending then return redis.call('ZRANGE', key, first, last) end
  return redis.call('ZRANGE', key, first, last, 'REV')
end

local results = {}
for at = 8, #ARGV do
  local state = ARGV[at]
  local ids = {}
  if state == 'wait' or state == 'waiting' then
    ids = waiting(false)
  elseif state == 'prioritized' then
    ids = waiting(true)
  elseif state == 'active' then
    ids = window(keys.leases)
  elseif state == 'delayed' then
    ids = delayed()
  elseif keys[state] then
    ids = window(keys[state])
  end
  -- Callers expect windows of waiting and running jobs newest first, whichever order they asked for.
  if ascending and (state == 'wait' or state == 'waiting' or state == 'active') then ids = reversed(ids) end
  results[#results + 1] = ids
end
return results
