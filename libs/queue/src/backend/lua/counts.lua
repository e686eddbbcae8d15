-- Counts jobs by state, exactly: what has ended its TTL is dropped first.
-- Input   ARGV[5..] states: waiting, prioritized, active, delayed, completed, failed, cancelled, waiting-children
-- Output  one count each; false when more ids must be dropped first (call again)
--@include forget

if dropExpired(500) then return false end

-- Running jobs: what holds a lease, and what a legacy service took and nobody gave one yet.
local function running()
  local leased, processing = redis.call('ZCARD', keys.leases), redis.call('SCARD', keys.processing)
  return math.max(leased, processing)
end

-- Jobs that wait stand in the queue, or are parked.
local function waiting(from, to)
  return redis.call('ZCOUNT', keys.queue, from, to) + redis.call('ZCOUNT', keys.parked, from, to)
end

local count = {
  waiting = function() return waiting('-inf', '(-3') end,
  prioritized = function() return waiting('-3', '+inf') end,
  active = running,
  delayed = function() return redis.call('ZCARD', keys.delayed) - redis.call('ZCARD', keys.parked) end,
  completed = function() return redis.call('ZCARD', keys.completed) end,
  failed = function() return redis.call('ZCARD', keys.failed) end,
  ['waiting-children'] = function() return redis.call('ZCARD', keys['waiting-children']) end,
  cancelled = function() return redis.call('ZCARD', keys.cancelled) end,
}
count.wait = count.waiting

local results = {}
for at = 5, #ARGV do results[#results + 1] = count[ARGV[at]] and count[ARGV[at]]() or 0 end
return results
