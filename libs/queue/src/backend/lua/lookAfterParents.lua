-- Lets parents go on whose children disappeared without a word, because somebody deleted them; and lets failed children
-- end that no parent waits for any more.
-- Looks at a few children of each parent, another few every time. Also undoes what legacy services wrote over a
-- waiting parent's status and lifetime.
-- Input   ARGV[5] rank among the waiting parents to go on from  ARGV[6] how many parents  ARGV[7] how many children of each
-- Output  next rank, or -1 at the end
-- Events  waiting or delayed; completed or failed, for parents that a legacy service ended. Contract: status_updated
--@include tree settle

local first, count, sample = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
checkTypes()

-- Failed children that were kept for a parent that no longer waits for them.
for _, id in ipairs(redis.call('SRANDMEMBER', keys.awaited, count)) do
  local failed = redis.call('ZSCORE', keys.failed, id)
  if not failed or not isAwaited(id) then
    redis.call('SREM', keys.awaited, id)
    if failed then expireJob(id, tonumber(redis.call('HGET', jobKey(id), 'lasts'))) end
  end
end

local parents = redis.call('ZRANGE', keys['waiting-children'], first, first + count - 1)
for _, id in ipairs(parents) do
  if not settleIfEnded(id) then
    family.setFamilyAside(id)
    family.keepPending(id)
    for _, key in ipairs(redis.call('SRANDMEMBER', pendingKey(id), sample)) do
      if not childAt(key, family.memberKey(id)) then redis.call('SREM', pendingKey(id), key) end
    end
    family.releaseIfReady(id)
  end
end
return #parents == count and first + count or -1
