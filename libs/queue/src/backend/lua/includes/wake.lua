-- Waking a worker that blocks on `<p>wakeup`: member 'now' (score 0) says look at once, member 'due'
-- says when the next delayed job is ready. One popped member wakes one worker.
--@include context

local function isPaused() return redis.call('HEXISTS', keys.meta, 'paused') == 1 end

local function wakeWorker()
  if not isPaused() then redis.call('ZADD', keys.wakeup, 0, 'now') end
end

-- Time in ms of the next delayed job, or nil.
local function nextDue()
  local first = redis.call('ZRANGE', keys.delayed, 0, 0, 'WITHSCORES')
  if first[2] then return math.floor(tonumber(first[2])) end
end

-- Also while paused: due jobs become ready then too, though no worker claims them.
local function armDue()
  local due = nextDue()
  if due then redis.call('ZADD', keys.wakeup, due, 'due') end
end
