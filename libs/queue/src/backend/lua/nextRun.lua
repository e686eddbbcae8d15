-- Makes a scheduler's run after its current one, once: whoever asks first for the one after that gets it.
-- Input   ARGV[5] scheduler  ARGV[6] id of the run that the caller takes for the current one
--         ARGV[7] time in ms of the next run ('' with an interval)  ARGV[8] '1' = only when the current one is not to come
--         ARGV[9] options JSON of the run  ARGV[10] created_at RFC 3339  ARGV[11] contract priority
--         ARGV[12] 'head' or 'tail' of its priority
-- Output  id of the run; false when there is no such scheduler, its current run is another or still to come,
--         or the next one's id is taken; 1 when more must be adopted first, to keep the order of arrival
-- Events  added, then waiting or delayed; or duplicated. Contract: status_updated, job_added
--@include adopt added scheduler

local scheduler, looksAfter = ARGV[5], ARGV[8] == '1'
checkTypes()
local known = redis.call('HMGET', schedulerKey(scheduler), 'name', 'data', 'every', 'offset')
local current, last = currentRun(scheduler)
if not current or current ~= ARGV[6] or not known[1] then return false end
if looksAfter and isToCome(current) then return false end
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local every = tonumber(known[3])
local wanted = math.floor(every and nextSlot(last, every, tonumber(known[4]) or 0) or ARGV[7])
local millis = wanted
if every then
  millis = freeSlot(scheduler, wanted, every)
elseif exists(runId(scheduler, wanted)) then
  millis = nil
end
if not millis then
  if not looksAfter then emit('duplicated', 'jobId', runId(scheduler, wanted)) end
  return false
end
redis.call('HINCRBY', schedulerKey(scheduler), 'ic', 1)
local id = addRun(scheduler, millis, known[1], known[2] or '{}', {
  opts = ARGV[9],
  createdAt = ARGV[10],
  priority = tonumber(ARGV[11]),
  place = ARGV[12],
})
return id
