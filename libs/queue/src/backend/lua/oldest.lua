-- Finds the jobs that stand first in their priority, which have waited for longest there.
-- Input   ARGV[5] most priorities to look at
-- Output  ids: of each priority that of the first in the queue, and of the first parked one
--@include context

local found = {}
for _, key in ipairs({ keys.queue, keys.parked }) do
  local from = '-inf'
  for _ = 1, tonumber(ARGV[5]) do
    local first = redis.call('ZRANGE', key, from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    if not first[1] then break end
    found[#found + 1] = first[1]
    -- A job of priority n stands in (-n - 1, -n); one that Go added and nobody placed yet at -n.
    from = '(' .. exact(math.ceil(tonumber(first[2])))
  end
end
return found
