-- Adds a batch with all its jobs, or nothing.
-- Input   ARGV[5] id of the batch  ARGV[6] number of its fields and values  ARGV[7..] the fields and values, among them `limit`
--         (most jobs that are open at once, 0 = no limit) and perhaps those of a callback; then kinds and jobs as ARGV[6..] of
--         addJobs, whose extras name the batch
-- Output  { 0, ids of the jobs }; { -1, fingerprint } when there is such a batch; { -2, numbers of the jobs (from 1) whose ids are taken };
--         or 1 when nothing was added because more must be adopted first
-- Events  as addJobs
--@include add adopt added batches taken

local batch, fieldCount = ARGV[5], tonumber(ARGV[6])
checkTypes()
mustBe(keys.batches, 'zset')
mustBe(keys['batches-open'], 'set')
local known = redis.call('HMGET', batches.key(batch), 'total', 'fingerprint')
if known[1] then return { -1, known[2] or '' } end
for _, name in ipairs(batches.keysOf(batch)) do mustBe(name, 'none') end
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local jobs = readJobs(7 + fieldCount)
local taken = {}
for at, id in ipairs(jobs.ids) do
  if id ~= '' and isTaken(id) then taken[#taken + 1] = at end
end
if #taken > 0 then return { -2, taken } end

redis.call('HSET', keys.meta, 'batches', 1)
forgetSettings()
local ids = addAll(jobs, true)
redis.call('HSET', batches.key(batch), 'total', #ids, 'createdOn', exact(now), unpack(ARGV, 7, 6 + fieldCount))
redis.call('ZADD', keys.batches, exact(now), batch)
redis.call('SADD', keys['batches-open'], batch)
local items = {}
for at, id in ipairs(ids) do
  items[2 * at - 1], items[2 * at] = at - 1, id
end
inPieces('ZADD', batches.itemsKey(batch), items, 1000)

-- Those with the best places are open at first.
local staged, limit = memo.staged, tonumber(redis.call('HGET', batches.key(batch), 'limit')) or 0
table.sort(staged, function(a, b) return a.score < b.score end)
local opened, queued, places, never = {}, {}, {}, {}
for at, job in ipairs(staged) do
  local score = exact(job.score)
  if limit <= 0 or at <= limit then
    opened[#opened + 1] = job.id
    queued[#queued + 1] = score
    queued[#queued + 1] = job.id
  else
    places[#places + 1] = score
    places[#places + 1] = job.id
    never[#never + 1] = limited.NEVER
    never[#never + 1] = job.id
  end
end
inPieces('SADD', batches.openKey(batch), opened, 1000)
inPieces('ZADD', keys.queue, queued, 1000)
inPieces('ZADD', keys.delayed, never, 1000)
inPieces('ZADD', keys.parked, places, 1000)
inPieces('ZADD', batches.heldKey(batch), places, 1000)
wakeWorker()
return { 0, ids }
