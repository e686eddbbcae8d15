-- Limits of a queue: how many jobs run at once (`concurrency` in meta), and how many start within a window of
-- time (`max` and `duration` in meta, or what a worker asks for). `limiter` holds the starts counted in the
-- open window, or 'closed', and ends with the window by the server's clock.
--@include context
--@exports freeSlots isMaxed termsOf rateLimit startsLeft limitedFor countStarts

-- Running jobs, whoever runs them: under a lease, or taken by a legacy service and not seen yet.
local function runningCount()
  return math.max(redis.call('ZCARD', keys.leases), redis.call('SCARD', keys.processing))
end

-- How many more jobs may run at once, endless without a limit.
function freeSlots()
  local most = tonumber(setting('concurrency'))
  return most and math.max(0, math.floor(most) - runningCount()) or math.huge
end

-- True when as many jobs run as the queue allows at once.
function isMaxed() return freeSlots() <= 0 end

-- What a worker asks of the queue, JSON with `max`, `duration` and `points`, or ''.
function termsOf(json) return json and json ~= '' and cjson.decode(json) or {} end

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
function rateLimit(terms)
  local most = tonumber(setting('max')) or terms.max
  local duration = terms.duration or tonumber(setting('duration'))
  if most and duration and most >= 1 and duration > 0 then return math.floor(most), math.ceil(duration) end
end

-- How many jobs may start now, endless without a limit, and ms until others may. Without `most` only a window closed
-- by hand counts.
function startsLeft(most)
  local counted, left = openWindow()
  if counted == math.huge then return 0, left end
  return math.max(0, (most or math.huge) - counted), left
end

-- Milliseconds until another job may start, 0 = now.
function limitedFor(most)
  local starts, left = startsLeft(most)
  return starts == 0 and left or 0
end

-- Counts starts; the first opens the window.
function countStarts(number, duration)
  local counted = openWindow()
  if counted == 0 then
    redis.call('SET', keys.limiter, number, 'PX', duration)
  elseif counted < math.huge then
    redis.call('SET', keys.limiter, counted + number, 'KEEPTTL')
  end
end
