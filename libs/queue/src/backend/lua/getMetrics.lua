-- Reads how many jobs ended, and how many in each minute before the newest.
-- Input   ARGV[5] 'completed' or 'failed'  ARGV[6] first point, 0 = the newest  ARGV[7] last point; negative counts from the oldest
-- Output  { { count, time of the first end in the newest minute, count before it }, points, number of all points }
--@include metrics

local key = keys['metrics:' .. ARGV[5]]
local known = redis.call('HMGET', key, 'count', 'prevTS', 'prevCount', 'first')
local newest = math.floor((tonumber(known[2]) or 0) / MINUTE)
local total = math.max(0, newest - (tonumber(known[4]) or newest))

local function positionOf(index)
  index = tonumber(index)
  return index < 0 and total + index or index
end
local from, to = math.max(0, positionOf(ARGV[6])), math.min(total - 1, positionOf(ARGV[7]))

local points = {}
for at = from, to do points[at - from + 1] = '0' end
if #points > 0 then
  local entries = redis.call('ZRANGEBYSCORE', key .. ':data', exact(newest - 1 - to), exact(newest - 1 - from))
  for _, entry in ipairs(entries) do
    local minute, ends = string.match(entry, '^(%d+):(%d+)$')
    if minute then points[newest - 1 - tonumber(minute) - from + 1] = ends end
  end
end
return { { known[1], known[2], known[3] }, points, total }
