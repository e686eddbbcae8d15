-- Making the runs of job schedulers.
--@include context wake add discard scheduled
--@exports slotAfter nextSlot firstSlot freeSlot isReplaceable addRun

-- Most slots looked at for one that no other job has.
local MAX_SLOTS = 33

-- The first slot after `time`: slots lie `every` ms apart, `offset` ms behind whole multiples of it.
function slotAfter(time, every, offset)
  return (math.floor((time - offset) / every) + 1) * every + offset
end

-- When a scheduler with an interval runs after its run at `last`. Runs that were missed are not made up for.
function nextSlot(last, every, offset)
  if last + every >= now then return last + every end
  return slotAfter(now, every, offset)
end

-- When a scheduler with an interval runs for the first time.
function firstSlot(every, offset, startDate)
  if startDate then return math.max(startDate, now) end
  if offset > 0 then return slotAfter(now, every, offset) end
  return now
end

-- The first time from `millis` on whose run has no job yet but `replaced`, or nil.
function freeSlot(scheduler, millis, every, replaced)
  for _ = 1, MAX_SLOTS do
    local id = runId(scheduler, math.floor(millis))
    if id == replaced or not exists(id) then return math.floor(millis) end
    millis = millis + every
  end
end

-- Whether a changed scheduler replaces this current run of it: it has not started. In a paused queue one that
-- waits stays, as BullMQ's users know it.
function isReplaceable(id)
  if redis.call('ZSCORE', keys.delayed, id) then return true end
  local score = redis.call('ZSCORE', keys.queue, id)
  return score and (tonumber(score) >= -3 or not isPaused())
end

-- What every run is given: `opts` (JSON, without a delay), `createdAt` (RFC 3339), `priority` (the contract's),
-- `place` ('head' or 'tail' of its priority); perhaps an `id` other than the usual one.
-- Adds the run at `millis`: delayed until then, or waiting when that has come. Returns its id and delay.
function addRun(scheduler, millis, name, payload, run)
  local id = run.id or runId(scheduler, millis)
  local delay = math.max(0, millis - now)
  redis.call('ZADD', keys.schedulers, exact(millis), scheduler)
  redis.call('HSET', schedulerKey(scheduler), 'run', run.opts)
  if run.id then
    redis.call('HSET', schedulerKey(scheduler), 'runId', run.id)
  else
    redis.call('HDEL', schedulerKey(scheduler), 'runId')
  end
  local opts = '{"delay":' .. exact(delay) .. (run.opts == '{}' and '' or ',') .. string.sub(run.opts, 2)
  local extras = '{"repeatJobKey":' .. cjson.encode(scheduler) .. '}'
  addAll(fromList({ id, name, payload, opts, exact(now), run.createdAt, delay, run.priority, run.place, 'keep', '', extras }))
  return id, delay
end
