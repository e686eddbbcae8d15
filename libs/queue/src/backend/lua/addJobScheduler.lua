-- Adds a job scheduler, or changes one, and makes its next run. A run that has not started is replaced. A paused one gets
-- the settings, stays paused and makes no run.
-- Input   ARGV[5] scheduler  ARGV[6] time in ms of the next run ('' with an interval)  ARGV[7] interval in ms ('' without)
--         ARGV[8] offset in ms, 0 = none  ARGV[9] start date in ms or ''  ARGV[10] name  ARGV[11] payload JSON
--         ARGV[12] options JSON of the run  ARGV[13] created_at RFC 3339  ARGV[14] contract priority
--         ARGV[15] 'head' or 'tail' of its priority  ARGV[16] '1' = it must be new  ARGV[17..] fields of the scheduler and their
--         values
-- Output  { id of the run, of a paused one the id that it would have, its delay in ms }; 1 when more must be adopted first, to keep the order of arrival;
--         or -10 the run's id is taken, -11 so are the ones after it, 2 there is such a scheduler: nothing changed
-- Events  added, then waiting or delayed. Contract: status_updated, job_added
--@include adopt added scheduler

local scheduler, every = ARGV[5], tonumber(ARGV[7])
local offset = tonumber(ARGV[8])
checkTypes()
redis.call('HLEN', schedulerKey(scheduler))
if ARGV[16] == '1' and redis.call('ZSCORE', keys.schedulers, scheduler) then return 2 end
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local current, last = currentRun(scheduler)
local isHeld = isPausedScheduler(scheduler)
local known = redis.call('HMGET', schedulerKey(scheduler), 'every', 'offset', 'ic', 'paused')
local isSame = last and every and tonumber(known[1]) == every
local replaced = current and isReplaceable(current) and current

local millis, id
if every then
  if isSame and replaced then
    millis = last
  elseif isSame then
    millis = nextSlot(last, every, offset)
  else
    millis = firstSlot(every, offset, tonumber(ARGV[9]))
  end
  millis = freeSlot(scheduler, millis, every, replaced)
  if not millis then return -11 end
  if offset == 0 and isHeld and tonumber(known[1]) == every then offset = tonumber(known[2]) or 0 end
  if offset == 0 then offset = replaced and tonumber(known[2]) or millis - math.floor(millis / every) * every end
else
  millis = math.floor(tonumber(ARGV[6]))
  local isFree = runId(scheduler, millis) == replaced or not exists(runId(scheduler, millis))
  if not isFree and not replaced then return -10 end
  -- The run of that time was started early, by promoting it; its next one gets a neighbour's id.
  if not isFree then
    local other = freeSlot(scheduler, millis, 1, replaced)
    if not other then return -10 end
    id = runId(scheduler, other)
  end
end

if replaced then discard(replaced, true) end
redis.call('UNLINK', schedulerKey(scheduler))
redis.call('HSET', schedulerKey(scheduler), 'name', ARGV[10], 'ic', known[3] or 1, 'offset', exact(math.floor(offset)), unpack(ARGV, 17))
if isHeld then
  redis.call('HSET', schedulerKey(scheduler), 'run', ARGV[12], 'paused', known[4] or exact(now), 'taken', '1')
  return { id or runId(scheduler, millis), math.max(0, millis - now) }
end
local made, delay = addRun(scheduler, millis, ARGV[10], ARGV[11], {
  id = id,
  opts = ARGV[12],
  createdAt = ARGV[13],
  priority = tonumber(ARGV[14]),
  place = ARGV[15],
})
return { made, delay }
