-- Adds a flow: jobs of several queues in one step, parents before their children; all of them or none.
-- Input   KEYS[1..] base of each queue  ARGV[5] '1' = the first job must be new  ARGV[6..] kinds and jobs as of addJobs
-- Output  one per job, as addJobs, but an error is that of the call; or 1 when nothing was added because more must be
--         adopted first; 2 when nothing was added because there is the first job
-- Events  as addJobs
--@include add adopt added taken

local backlog = false
for _, queue in ipairs(KEYS) do
  within(queue, function()
    checkTypes()
    local _, more = adoptAdded(100, false)
    backlog = backlog or more
  end)
end
if backlog then return 1 end
local jobs = readJobs(6)
if ARGV[5] == '1' and within(jobs.kinds[1].queue, isTaken, jobs.ids[1]) then return 2 end
return addAll(jobs, true)
