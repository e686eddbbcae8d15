-- Breaks the tie between a child and the parent that waits for it.
-- Input   ARGV[5] id of the child  ARGV[6] key of the parent
-- Output  0 done, 1 the parent does not wait for it, -1 no such job, -5 no such parent
-- Events  of the parent, when it goes on: waiting or delayed. Contract: status_updated
--@include discard settle

local id = ARGV[5]
checkTypes()
if not exists(id) then return -1 end
local parent = family.parentOf(id)
if not parent or parent.base .. parent.id ~= ARGV[6] then return 1 end
family.checkParentTypes(id)
if not within(parent.base, exists, parent.id) then return -5 end
if not leaveParent(id, false) then return 1 end
redis.call('HDEL', jobKey(id), 'parentKey', 'parent')
return 0
