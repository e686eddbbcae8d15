-- Adds a flow: jobs of several queues in one step, parents before their children.
-- Input   KEYS[1..] base of each queue  ARGV[5..] thirteen per job: number of its queue among the keys,
--         then the arguments of addJobs
-- Output  one per job, as addJobs; or 1 when nothing was added because more must be adopted first
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

local jobs, results = {}, {}
for at = 5, #ARGV, JOB_ARGUMENTS + 1 do
  local job = { unpack(ARGV, at + 1, at + JOB_ARGUMENTS) }
  job.queue = KEYS[tonumber(ARGV[at])]
  within(job.queue, checkArguments, job)
  jobs[#jobs + 1] = job
end
for at, job in ipairs(jobs) do results[at] = within(job.queue, addOne, job) end
flushAdded()
return results
