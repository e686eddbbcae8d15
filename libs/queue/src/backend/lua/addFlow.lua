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

for at = 5, #ARGV, JOB_ARGUMENTS + 1 do
  local extras = ARGV[at + 12] ~= '' and cjson.decode(ARGV[at + 12])
  if extras and extras.parent then within(cjson.decode(extras.parent).queueKey .. ':', checkTypes) end
  within(KEYS[tonumber(ARGV[at])], checkJobTypes, ARGV[at + 1] ~= '' and ARGV[at + 1] or '-')
end

local results = {}
for at = 5, #ARGV, JOB_ARGUMENTS + 1 do
  results[#results + 1] = within(KEYS[tonumber(ARGV[at])], addOne, { unpack(ARGV, at + 1, at + JOB_ARGUMENTS) })
end
flushAdded()
return results
