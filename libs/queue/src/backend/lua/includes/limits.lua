-- Limits of a queue: how many jobs run at once (`concurrency` in meta), and how many start within a window of
-- time (`max` and `duration` in meta, or what a worker asks for). `limiter` holds the starts counted in the
-- open window, or 'closed', and ends with the window by the server's clock.
--@include context

-- Running jobs, whoever runs them: under a lease, or taken by a legacy service and not seen yet.
local function runningCount()
  return math.max(redis.call('ZCARD', keys.leases), redis.call('SCARD', keys.processing))
end

-- True when as many jobs run as `most` allows; no number is no limit.
local function isReached(most)
  most = tonumber(most)
  return most ~= nil and runningCount() >= most
end

local function isMaxed() return isReached(redis.call('HGET', keys.meta, 'concurrency')) end

-- What a worker asks of the queue, JSON with `max`, `duration` and `points`, or ''.
local function termsOf(json) return json and json ~= '' and cjson.decode(json) or {} end

-- Starts counted in the open window and its ms to go: 0, 0 when none is open, endless when it was closed by
-- hand. A window without an end is nobody's and holds nothing up.
local function openWindow()
  local text = redis.call('GET', keys.limiter)
  local left = text and redis.call('PTTL', keys.limiter) or -2
  if left < 0 then return 0, 0 end
  if text == 'closed' then return math.huge, math.max(left, 1) end
  return tonumber(string.match(text, '^%d+$')) or 0, math.max(left, 1)
end

-- The rate limit of a claim: most starts, and ms of a window; nothing where there is none. The queue's maximum
-- beats the worker's, the worker's window beats the queue's, as BullMQ's users expect.
local function rateLimit(terms)
  local set = redis.call('HMGET', keys.meta, 'max', 'duration')
  local most = tonumber(set[1]) or terms.max
  local duration = terms.duration or tonumber(set[2])
  if most and duration and most >= 1 and duration > 0 then return most, math.ceil(duration) end
end

-- Milliseconds until another job may start, 0 = now. Without `most` only a window closed by hand counts.
local function limitedFor(most)
  local counted, left = openWindow()
  return counted >= (most or math.huge) and left or 0
end

-- Counts one start; the first opens the window.
local function countStart(duration)
  local counted = openWindow()
  if counted == 0 then
    redis.call('SET', keys.limiter, 1, 'PX', exact(duration))
  elseif counted < math.huge then
    redis.call('SET', keys.limiter, exact(counted + 1), 'KEEPTTL')
  end
end
