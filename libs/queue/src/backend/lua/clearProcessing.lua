-- Ends every claim and puts the jobs back to wait, at most 200 a call; running handlers are told.
-- Output  1 when there may be more, else 0
-- Events  waiting. Contract: status_updated
--@include held

checkTypes()
local ids = redis.call('SRANDMEMBER', keys.processing, 200)
if #ids == 0 then ids = redis.call('ZRANGE', keys.leases, 0, 199) end
for _, id in ipairs(ids) do
  letGo(id)
  redis.call('PUBLISH', keys.cancels, id)
  if settleIfEnded(id) then
    -- Nothing is left to put back.
  elseif redis.call('EXISTS', dataKey(id), jobKey(id)) > 0 then
    redis.call('SET', statusKey(id), 'pending')
    persist(id)
    redis.call('ZADD', keys.queue, exact(headScore(notedPriority(id))), id)
    emit('waiting', 'jobId', id, 'prev', 'active')
    publish(id, 'pending')
  end
end
if #ids > 0 then wakeWorker() end
return #ids == 0 and 0 or 1
