-- Lets parents go on whose children disappeared without a word: keys that ended, or that somebody deleted.
-- Looks at a few children of each parent, another few every time. Also undoes what legacy services wrote over a
-- waiting parent's status and lifetime.
-- Input   ARGV[5] rank among the waiting parents to go on from  ARGV[6] how many parents  ARGV[7] how many children of each
-- Output  next rank, or -1 at the end
-- Events  waiting or delayed; completed or failed, for parents that a legacy service ended. Contract: status_updated
--@include tree settle

local first, count, sample = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
checkTypes()
local parents = redis.call('ZRANGE', keys['waiting-children'], first, first + count - 1)
for _, id in ipairs(parents) do
  if not settleIfEnded(id) then
    setFamilyAside(id)
    keepPending(id)
    for _, key in ipairs(redis.call('SRANDMEMBER', pendingKey(id), sample)) do
      if not childAt(key, memberKey(id)) then redis.call('SREM', pendingKey(id), key) end
    end
    releaseIfReady(id)
  end
end
return #parents == count and first + count or -1
