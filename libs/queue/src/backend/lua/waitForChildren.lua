-- Moves a running job among those that wait for their children.
-- Input   ARGV[5] id  ARGV[6] token  ARGV[7] key of the child to wait for, '' = any
-- Output  0 moved, 1 nothing to wait for, -1 no such job, -2 claim gone, -3 not running, -6 held by another,
--         -9 a child failed that must not
-- Events  waiting-children. Contract: status_updated
--@include held

local id, child = ARGV[5], ARGV[7]
checkTypes()
if not exists(id) then return -1 end
if redis.call('ZCARD', unsuccessfulKey(id)) > 0 then return -9 end
local awaited
if child ~= '' then
  awaited = redis.call('SISMEMBER', pendingKey(id), child)
else
  awaited = redis.call('SCARD', pendingKey(id))
end
if awaited == 0 then return 1 end

local refused = refusal(id, ARGV[6])
if refused then return refused end

letGo(id)
redis.call('ZADD', keys['waiting-children'], exact(now), id)
redis.call('SET', statusKey(id), 'pending')
emit('waiting-children', 'jobId', id, 'prev', 'active')
publish(id, 'pending')
slotFreed()
return 0
