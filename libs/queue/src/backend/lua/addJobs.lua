-- Adds jobs, in order: documents, status, runtime state, place in the queue (or among the delayed). They may come from
-- several callers.
-- Input   ARGV[5] the sender and its turn: once a call of a turn was refused, so are all later ones, however many are
--         on their way, since jobs would else come before those that were refused
--         ARGV[6] number of kinds, then eleven for each kind: number of its queue among the keys, name, options JSON,
--         timestamp ms, created_at RFC 3339, delay ms, contract priority, 'tail' or 'head' of its priority,
--         what to do when the id exists ('keep' it, 'reject', 'replace' unless it runs),
--         '1' = its jobs come with their documents, extras JSON ('' = none): parentKey, parent (JSON text: id,
--         queueKey, options of a failure), waitsForChildren, repeatJobKey, deduplicationId, deduplication (options);
--         then three or four for each job: number of its kind from 0, id ('' = next number), payload JSON,
--         document JSON. A legacy document has no payload (''), perhaps no name ('')
-- Output  one per job: its id (or that of the job it was dropped for), or -1 (rejected: the id exists), -3 (not
--         replaced: it is running), -5 (no such parent), -7 (has another parent), or { error }
--         (a key in its way is of the wrong type; nothing of this job is written, the others are added);
--         or 1 when nothing was added because more must be adopted first, to keep the order of arrival
-- Events  added, then waiting, delayed or waiting-children; duplicated; deduplicated, removed.
--         Contract: status_updated, job_added
--@include add adopt added

-- How long it is remembered that a call was refused: far longer than those that were on their way can take.
local REFUSED_MS = 600000

checkTypes()
local refused = base .. 'refused:' .. ARGV[5]
if redis.call('EXISTS', refused) == 1 then return 1 end
local _, backlog = adoptAdded(100, false)
if backlog then
  redis.call('SET', refused, 1, 'PX', REFUSED_MS)
  return 1
end
return addAll(readJobs(6))
