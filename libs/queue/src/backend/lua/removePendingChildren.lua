-- Removes the children that a job waits for, and all below them. Running and failed ones stay.
-- Input   ARGV[5] id  ARGV[6] most jobs to remove
-- Output  0, -13 there are more than may be removed in one step
-- Events  removed, for each job
--@include tree discard settle

local id = ARGV[5]
checkTypes()
local doomed, more = descendants(id, true, tonumber(ARGV[6]), function(child)
  return isLocked(child) or redis.call('ZSCORE', keys.failed, child)
end)
if more then return -13 end
table.remove(doomed, 1)
for _, job in ipairs(doomed) do
  within(job.base, function() leaveParent(job.id, false) end)
end
discardTree(doomed)
return 0
