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
local function part(prioritized)
  local split = redis.call('ZCOUNT', keys.queue, '-inf', '(-3')
  local low, size = 0, split
  if prioritized then low, size = split, redis.call('ZCARD', keys.queue) - split end
  local from, to = first, last
  if from < 0 then from = math.max(0, size + from) end
  if to < 0 then to = size + to end
  to = math.min(to, size - 1)
  if from > to then return {} end
  if ascending then return redis.call('ZRANGE', keys.queue, low + from, low + to) end
  return reversed(redis.call('ZRANGE', keys.queue, low + size - 1 - to, low + size - 1 - from))
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
    ids = part(false)
  elseif state == 'prioritized' then
    ids = part(true)
  elseif state == 'active' then
    ids = window(keys.leases)
  elseif keys[state] then
    ids = window(keys[state])
  end
  -- Callers expect windows of waiting and running jobs newest first, whichever order they asked for.
  if ascending and (state == 'wait' or state == 'waiting' or state == 'active') then ids = reversed(ids) end
  results[#results + 1] = ids
end
return results
