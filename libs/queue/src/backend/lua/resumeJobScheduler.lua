-- Resumes a paused job scheduler: makes its next run after now. Runs that were missed are not made up for.
-- Input   ARGV[5] scheduler  ARGV[6] time in ms of the next run; '' with an interval, and where no more come
--         ARGV[7] '1' = no more runs come  ARGV[8] options JSON of the run  ARGV[9] created_at RFC 3339
--         ARGV[10] contract priority  ARGV[11] 'head' or 'tail' of its priority
-- Output  { id of the run or '' }, 0 when it is not paused, -1 when there is no such scheduler, -11 when ids of its next runs
--         are taken: nothing changed; 1 when more must be adopted first, to keep the order of arrival
-- Events  added, delayed. Contract: status_updated, job_added
--@include adopt added scheduler

local scheduler = ARGV[5]
checkTypes()
if not redis.call('ZSCORE', keys.schedulers, scheduler) then return -1 end
if not isPausedScheduler(scheduler) then return 0 end
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local known = redis.call('HMGET', schedulerKey(scheduler), 'name', 'data', 'every', 'offset', 'taken', 'startDate', 'paused')
local id = ''
if ARGV[7] == '1' then
  redis.call('ZADD', keys.schedulers, known[7] or exact(now), scheduler)
else
  local every = tonumber(known[3])
  local wanted = every and math.max(slotAfter(now, every, tonumber(known[4]) or 0), tonumber(known[6]) or 0) or tonumber(ARGV[6])
  local millis = freeSlot(scheduler, math.floor(wanted), every or 1)
  if not millis then return -11 end
  if known[5] ~= '1' then redis.call('HINCRBY', schedulerKey(scheduler), 'ic', 1) end
  id = addRun(scheduler, millis, known[1], known[2] or '{}', {
    id = millis ~= wanted and not every and runId(scheduler, millis) or nil,
    opts = ARGV[8],
    createdAt = ARGV[9],
    priority = tonumber(ARGV[10]),
    place = ARGV[11],
  })
end
redis.call('HDEL', schedulerKey(scheduler), 'paused', 'taken')
return { id }
