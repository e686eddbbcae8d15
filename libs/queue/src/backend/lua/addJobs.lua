-- Adds jobs, in order: documents, status, runtime state, place in the queue (or among the delayed).
-- Input   ARGV[5..] twelve per job: id ('' = next number), name, payload JSON, options JSON, timestamp ms,
--         created_at RFC 3339, delay ms, contract priority, 'tail' or 'head' of its priority,
--         what to do when the id exists ('keep' it, 'reject', 'replace' unless it runs),
--         document JSON ('' = composed from the rest), extras JSON ('' = none): parentKey, parent (JSON text: id,
--         queueKey, options of a failure), waitsForChildren, repeatJobKey, deduplicationId, deduplication (options).
--         A legacy document has no payload (''), perhaps no name ('')
-- Output  one per job: its id (or that of the job it was dropped for), or -1 (rejected: the id exists), -3 (not
--         replaced: it is running), -5 (no such parent), -7 (has another parent);
--         or 1 when nothing was added because more must be adopted first, to keep the order of arrival
-- Events  added, then waiting, delayed or waiting-children; duplicated; deduplicated, removed.
--         Contract: status_updated, job_added
--@include add adopt added

checkTypes()
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local jobs, results = {}, {}
for at = 5, #ARGV, JOB_ARGUMENTS do
  local job = { unpack(ARGV, at, at + JOB_ARGUMENTS - 1) }
  checkArguments(job)
  jobs[#jobs + 1] = job
end
for at, job in ipairs(jobs) do results[at] = addOne(job) end
flushAdded()
return results
