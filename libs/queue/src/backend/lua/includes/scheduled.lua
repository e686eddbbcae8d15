-- Jobs that job schedulers made. `<p>schedulers` holds scheduler id -> time in ms of its current run, the one
-- after which the next is made. A run's id is `repeat:<scheduler>:<ms>`, or a neighbour's where that was taken
-- (the scheduler's field `runId`); its field `repeatJobKey` names the scheduler. The time of a paused scheduler is endless: it
-- has no current run, and is never overdue.
--@include context
--@exports schedulerKey runId currentRun isPausedScheduler schedulerOf isCurrentRun isToCome isOurs

function schedulerKey(scheduler) return base .. 'scheduler:' .. scheduler end

function runId(scheduler, millis) return 'repeat:' .. scheduler .. ':' .. string.format('%.0f', millis) end

-- Id and time in ms of a scheduler's current run, or nil.
function currentRun(scheduler)
  local millis = tonumber(redis.call('ZSCORE', keys.schedulers, scheduler))
  if not millis or millis == math.huge then return nil end
  local other = redis.pcall('HGET', schedulerKey(scheduler), 'runId')
  return type(other) == 'string' and other or runId(scheduler, millis), millis
end

function isPausedScheduler(scheduler) return tonumber(redis.call('ZSCORE', keys.schedulers, scheduler)) == math.huge end

-- The scheduler that made a job, or nil when none did or it has been removed.
function schedulerOf(id)
  if string.sub(id, 1, 7) ~= 'repeat:' then return nil end
  local scheduler = redis.pcall('HGET', stateKey(id), 'repeatJobKey')
  if type(scheduler) == 'string' and redis.call('ZSCORE', keys.schedulers, scheduler) then return scheduler end
end

-- Whether a job is its scheduler's current run and has not finished: without it the schedule would pause.
function isCurrentRun(id)
  local scheduler = schedulerOf(id)
  if not scheduler or currentRun(scheduler) ~= id then return false end
  return not redis.call('ZSCORE', keys.completed, id) and not redis.call('ZSCORE', keys.failed, id)
end

-- Whether a run is still to come: it waits, is delayed, or is on its way between the two structures of a
-- legacy service. One that started, ended or is gone is not.
function isToCome(id)
  if redis.call('ZSCORE', keys.queue, id) or redis.call('ZSCORE', keys.delayed, id) then return true end
  if redis.call('ZSCORE', keys.leases, id) or redis.call('SISMEMBER', keys.processing, id) == 1 then return false end
  if redis.call('ZSCORE', keys.completed, id) or redis.call('ZSCORE', keys.failed, id) then return false end
  if redis.call('ZSCORE', keys['waiting-children'], id) then return false end
  if redis.call('EXISTS', jobKey(id), dataKey(id)) == 0 then return false end
  local status = redis.pcall('GET', statusKey(id))
  return not status or status == 'pending'
end

-- Whether a claim of Drover's started the run or may have: its worker then makes the next one.
function isOurs(id)
  if redis.call('HEXISTS', keys.runs, id) == 1 then return true end
  local held = redis.pcall('HMGET', jobKey(id), 'endedBy', 'timestamp')
  return held.err or held[1] or not held[2]
end
