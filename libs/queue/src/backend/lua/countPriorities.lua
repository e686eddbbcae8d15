-- Counts waiting jobs by contract priority; what Go added and nobody placed yet counts in its own band.
-- Input   ARGV[5..] pairs: lowest and highest contract priority of a band ('-inf', '+inf' too)
-- Output  one count each
--@include context

local results = {}
for at = 5, #ARGV, 2 do
  local lowest, highest = ARGV[at], ARGV[at + 1]
  local from = highest == '+inf' and '-inf' or '(' .. exact(-tonumber(highest) - 1)
  local to = lowest == '-inf' and '+inf' or exact(-tonumber(lowest))
  results[#results + 1] = redis.call('ZCOUNT', keys.queue, from, to) + redis.call('ZCOUNT', keys.parked, from, to)
end
return results
