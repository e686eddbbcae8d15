-- Changes a job that waits: its priority, when it is ready, its payload; all that is asked for or nothing.
-- Input   ARGV[5] id  ARGV[6] contract priority, '' = stays  ARGV[7] ms from now until it is ready, '' = stays
--         ARGV[8] SHA-1 of the document that the new one was made from, '' = the payload stays  ARGV[9] payload JSON, '' for a legacy job
--         ARGV[10] the new document
-- Output  0, -1 no such job, -3 it does not wait, -14 the document is another by now, -15 waits for children and cannot be delayed
-- Events  delayed, or waiting when it becomes ready by that. Contract: status_updated when it becomes ready
--@include place document later delayed edited batches

local id, priority, delay = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
checkTypes()
checkJobTypes(id)
if redis.call('EXISTS', jobKey(id), dataKey(id)) == 0 then return -1 end
local isParked = redis.call('ZSCORE', keys.parked, id)
local isReady = isParked or redis.call('ZSCORE', keys.queue, id)
local isDelayed = not isParked and redis.call('ZSCORE', keys.delayed, id)
if not isReady and not isDelayed and not redis.call('ZSCORE', keys['waiting-children'], id) then return -3 end
-- A legacy service may have ended it without anybody noticing so far.
if settleIfEnded(id) then return -3 end
if delay and not isReady and not isDelayed then return -15 end
if ARGV[8] ~= '' and not isDocument(id, ARGV[8]) then return -14 end

if ARGV[8] ~= '' then writePayload(id, ARGV[9], ARGV[10]) end
if priority then
  notePriority(id, priority)
  writePriority(id, priority)
end
if isReady and (priority or delay and delay > 0) then
  redis.call('ZREM', keys.queue, id)
  undelay(id)
  isDelayed = false
  if not delay or delay == 0 then
    local score = exact(tailScore(notedPriority(id)))
    if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
  end
end
if delay and delay > 0 then
  redis.call('ZREM', keys.delayed, id)
  redis.call('HSET', jobKey(id), 'delay', exact(delay))
  delayUntil(id, now + delay)
  emit('delayed', 'jobId', id, 'delay', exact(now + delay))
  armDue()
elseif delay == 0 and isDelayed then
  makeReady(id)
  publish(id, 'pending')
end
if isReady or delay == 0 then wakeWorker() end
return 0
