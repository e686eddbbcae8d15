-- Adds many jobs of one request, to one queue or several, in one step: all of them or none.
-- Input   KEYS[1..] base of each queue
--         ARGV[5] 'fail' = add none when an id is taken, 'skip' = add all others  ARGV[6] the request's name, '' = it has none
--         ARGV[7] fingerprint of the request  ARGV[8] ms for which it is remembered
--         ARGV[9..] kinds and jobs as ARGV[6..] of addJobs
-- Output  { 0, one answer per job as addJobs } when they were added; { 1, numbers of the jobs (from 1) whose ids are taken }, nothing
--         was added; { 2, fingerprint, numbers of the jobs that were left out } when a request of this name was carried out before;
--         or 1 when nothing was added because more must be adopted first
-- Events  as addJobs
--@include add adopt added taken

local request = ARGV[6] ~= '' and base .. 'request:' .. ARGV[6]
for _, queue in ipairs(KEYS) do within(queue, checkTypes) end
local known = request and redis.call('HMGET', request, 'fingerprint', 'skipped') or {}
if known[1] then return { 2, known[1], cjson.decode(known[2]) } end

local backlog = false
for _, queue in ipairs(KEYS) do
  within(queue, function()
    local _, more = adoptAdded(100, false)
    backlog = backlog or more
  end)
end
if backlog then return 1 end

local jobs, taken = readJobs(9), {}
for at, id in ipairs(jobs.ids) do
  if id ~= '' then
    within(jobs.kinds[at].queue, function()
      if isTaken(id) then taken[#taken + 1] = at end
    end)
  end
end
if #taken > 0 and ARGV[5] ~= 'skip' then return { 1, taken } end
local answers = addAll(jobs, true)
if request then
  redis.call('HSET', request, 'fingerprint', ARGV[7], 'skipped', #taken > 0 and cjson.encode(taken) or '[]')
  redis.call('PEXPIRE', request, ARGV[8])
end
return { 0, answers }
