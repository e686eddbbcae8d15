-- Waking a worker that blocks on `<p>wakeup`: member 'now' (score 0) says look at once, member 'due'
-- says when the next delayed job is ready. One popped member wakes one worker.
--@include context limits
--@exports isPaused wakeWorker hasWaiting slotFreed nextDue armDue

function isPaused() return setting('paused') ~= false end

-- True while no worker of Drover may claim: paused, or at the limit of jobs that run at once.
local function isBlocked() return isPaused() or isMaxed() end

-- Returns true unless no worker may claim.
function wakeWorker()
  if not isUnbound() and isBlocked() then return false end
  redis.call('ZADD', keys.wakeup, 0, 'now')
  return true
end

-- Whether jobs wait, in the queue or parked.
function hasWaiting()
  return redis.call('ZCARD', keys.queue) > 0 or setting('types') and redis.call('ZCARD', keys.parked) > 0
end

-- A running job has left: while the queue was at its limit nobody was woken for the jobs that wait.
function slotFreed()
  if setting('concurrency') and hasWaiting() then wakeWorker() end
end

-- Time in ms of the next delayed job, or nil.
function nextDue()
  local first = redis.call('ZRANGE', keys.delayed, 0, 0, 'WITHSCORES')
  -- What is parked is never due.
  if first[2] and tonumber(first[2]) < 2 ^ 53 then return math.floor(tonumber(first[2])) end
end

-- Also while paused: due jobs become ready then too, though no worker claims them.
function armDue()
  local due = nextDue()
  if due then redis.call('ZADD', keys.wakeup, due, 'due') end
end
