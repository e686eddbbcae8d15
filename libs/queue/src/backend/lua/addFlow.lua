-- Adds a flow: jobs of several queues in one step, parents before their children; all of them or none.
-- Input   KEYS[1..] base of each queue  ARGV[5..] kinds and jobs as ARGV[6..] of addJobs
-- Output  one per job, as addJobs, but an error is that of the call; or 1 when nothing was added because more must be
--         adopted first
-- Events  as addJobs
--@include add adopt added

local backlog = false
for _, queue in ipairs(KEYS) do
  within(queue, function()
    checkTypes()
    local _, more = adoptAdded(100, false)
    backlog = backlog or more
  end)
end
if backlog then return 1 end
return addAll(readJobs(5), true)
