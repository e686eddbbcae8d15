-- Changes a job's priority; one that waits in the queue moves to its new place.
-- Input   ARGV[5] id  ARGV[6] contract priority  ARGV[7] 'head' or 'tail'
-- Output  0, -1 no such job
--@include place document later batches

local id, priority = ARGV[5], tonumber(ARGV[6])
checkTypes()
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
notePriority(id, priority)
writePriority(id, priority)
local isParked = redis.call('ZSCORE', keys.parked, id)
if isParked or redis.call('ZSCORE', keys.queue, id) then
  redis.call('ZREM', keys.queue, id)
  if isParked then undelay(id) end
  local score = exact(ARGV[7] == 'head' and headScore(priority) or tailScore(priority))
  if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
end
return 0
