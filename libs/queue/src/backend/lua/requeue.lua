-- Fails a job and adds it again one priority lower, as the Go API's FailJob with requeue does.
-- Input   ARGV[5] id  ARGV[6] reason
-- Output  { status before or false, 1 done | -1 it had finished }
-- Events  waiting, or waiting-children when it still waits for them. Contract: status_updated (failed, pending), job_added
--@include document held

local id = ARGV[5]
checkTypes()
checkJobTypes(id)
dropIfExpired(id)
local status = redis.pcall('GET', statusKey(id))
if type(status) ~= 'string' then return { false, -1 } end
for _, state in ipairs({ 'cancelled', 'completed', 'failed' }) do
  if redis.call('ZSCORE', keys[state], id) then return { state, -1 } end
end
if reasonOf[status] then return { status, -1 } end

local score = redis.call('ZSCORE', keys.queue, id)
local noted = redis.call('HEXISTS', jobKey(id), 'priority') == 1
local before = noted and notedPriority(id) or (score and priorityOf(tonumber(score)) or 1)
local priority = math.max(0, before - 1)
local waits = family.stillWaits(id)
detach(id)
redis.call('HINCRBY', jobKey(id), 'attemptsMade', 1)
redis.call('HSET', jobKey(id), 'failedReason', ARGV[6])
redis.call('HSETNX', jobKey(id), 'timestamp', exact(now))
notePriority(id, priority)
writePriority(id, priority)
publish(id, 'failed')
redis.call('SET', statusKey(id), 'pending')
persist(id)
redis.call('ZADD', keys.ids, 'NX', exact(now), id)
if waits then
  redis.call('ZADD', keys['waiting-children'], exact(now), id)
  emit('waiting-children', 'jobId', id)
else
  local place = exact(tailScore(priority))
  if not batches.place(id, place) then redis.call('ZADD', keys.queue, place, id) end
  emit('waiting', 'jobId', id, 'prev', 'active')
end
publishAdded(id, priority)
wakeWorker()
return { status, 1 }
