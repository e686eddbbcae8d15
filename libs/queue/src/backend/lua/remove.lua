-- Removes a job and all that belongs to it; its children too when asked for.
-- Input   ARGV[5] id  ARGV[6] '1' = its children too  ARGV[7] most jobs to remove
-- Output  1 removed (also when there was none), 0 when it, or a job to be removed with it, is running under a lease,
--         -8 it is the current run of a scheduler,
--         -13 there are more jobs below it than may be removed in one step
-- Events  removed, for each job; waiting or delayed for a parent that goes on
--@include tree discard settle scheduled

local id = ARGV[5]
checkTypes()
family.checkParentTypes(id)
if isCurrentRun(id) then return -8 end
if isLocked(id) then return 0 end
if redis.call('EXISTS', jobKey(id), dataKey(id), statusKey(id)) == 0 then return 1 end

local doomed = { { base = base, id = id } }
if ARGV[6] == '1' then
  local more
  doomed, more = descendants(id, false, tonumber(ARGV[7]), function() return false end)
  if more then return -13 end
  for _, job in ipairs(doomed) do
    if job.locked then return 0 end
  end
end

leaveParent(id, false)
discardTree(doomed)
return 1
