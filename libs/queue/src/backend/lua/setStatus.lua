-- A transition asked for by status alone, as the Go API's UpdateJobStatus, CompleteJob and FailJob do; compared first.
-- Input   ARGV[5] id  ARGV[6] status to reach  ARGV[7] reason of a failure
--         ARGV[8] statuses it may come from, comma separated  ARGV[9] lease in ms when it becomes running  ARGV[10] token
-- Output  { status before or false, 1 changed | 0 it was so already | -1 not allowed }
-- Events  active, waiting, completed, failed. Contract: status_updated and the event of the end
--@include held

local id, target, allowed = ARGV[5], ARGV[6], ',' .. ARGV[8] .. ','
checkTypes()
checkJobTypes(id)
dropIfExpired(id)
local status = redis.pcall('GET', statusKey(id))
if type(status) ~= 'string' then return { false, -1 } end
if status == 'processing' then status = 'running' end
for _, state in ipairs({ 'cancelled', 'completed', 'failed' }) do
  if redis.call('ZSCORE', keys[state], id) then
    status = state
    break
  end
end
if status == target then return { status, 0 } end
if not string.find(allowed, ',' .. status .. ',', 1, true) then return { status, -1 } end

if target == 'running' then
  detach(id)
  batches.take(id)
  redis.call('HSETNX', jobKey(id), 'timestamp', exact(now))
  local known = redis.call('HMGET', jobKey(id), 'attemptsStarted', 'attemptsMade')
  redis.call('HSET', keys.runs, id, runText({
    processedOn = ARGV[1], started = (tonumber(known[1]) or 0) + 1, made = tonumber(known[2]) or 0, finishedOn = '',
    tied = '1', token = ARGV[10], worker = '',
  }))
  redis.call('SET', statusKey(id), 'running')
  redis.call('SADD', keys.processing, id)
  redis.call('ZADD', keys.leases, exact(serverNow() + tonumber(ARGV[9])), id)
  redis.call('ZADD', keys.ids, 'NX', exact(now), id)
  persist(id)
  emit('active', 'jobId', id, 'prev', 'waiting')
elseif target == 'pending' then
  letGo(id)
  redis.call('SET', statusKey(id), 'pending')
  redis.call('ZADD', keys.queue, exact(headScore(notedPriority(id))), id)
  emit('waiting', 'jobId', id, 'prev', 'active')
  wakeWorker()
else
  if status == 'running' then redis.call('HINCRBY', jobKey(id), 'attemptsMade', 1) end
  settle(id, target, ARGV[7])
end
publish(id, target, (target == 'completed' or target == 'failed' or target == 'cancelled') and 'job_' .. target)
if target == 'cancelled' then redis.call('PUBLISH', keys.cancels, id) end
return { status, 1 }
