-- Adds jobs, in order: documents, status, runtime state, place in the queue (or among the delayed).
-- Input   ARGV[5..] eleven per job: id ('' = next number), name, payload JSON, options JSON, timestamp ms,
--         created_at RFC 3339, delay ms, contract priority, 'tail' or 'head' of its priority,
--         what to do when the id exists ('keep' it, 'reject', 'replace' unless it runs),
--         document JSON ('' = composed from the rest). A legacy document has no payload (''), perhaps no name ('')
-- Output  one per job: its id, or -1 (rejected: the id exists), -3 (not replaced: it is running);
--         or 1 when nothing was added because more must be adopted first, to keep the order of arrival
-- Events  added, then waiting or delayed; or duplicated. Contract: status_updated, job_added
--@include context announce place wake document forget settle adopt added delayed

local STRIDE = 11
checkTypes()
local _, backlog = adoptAdded(100, false)
if backlog then return 1 end

local strings, places, index, results = {}, {}, {}, {}
local placed, order = {}, {}

local function exists(id)
  return placed[id] or redis.call('EXISTS', jobKey(id), dataKey(id)) > 0
end

for at = 5, #ARGV, STRIDE do
  if ARGV[at] ~= '' then checkJobTypes(ARGV[at]) end
end

local function nextId()
  local id
  repeat
    id = string.format('%.0f', redis.call('INCR', keys.counter))
  until not exists(id)
  return id
end

-- Clears the way for a job added again under its id. Returns false when it is running.
local function makeRoom(id)
  if redis.call('ZSCORE', keys.leases, id) or redis.call('SISMEMBER', keys.processing, id) == 1 then return false end
  detach(id)
  leaveFinished(id)
  redis.call('UNLINK', jobKey(id), resultKey(id), logsKey(id))
  return true
end

local function add(id, at)
  local name, data, opts, timestamp, createdAt = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  local delay, band, document = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7]), ARGV[at + 10]
  strings[#strings + 1] = dataKey(id)
  strings[#strings + 1] = document ~= '' and document or composeDocument(id, name, data, createdAt, band)
  strings[#strings + 1] = statusKey(id)
  strings[#strings + 1] = 'pending'
  index[#index + 1] = timestamp
  index[#index + 1] = id
  local fields = { 'timestamp', timestamp, 'priority', math.max(0, 3 - band), 'opts', opts }
  local function note(field, value)
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
  if name ~= '' then note('name', name) end
  if data ~= '' then note('data', data) end
  if band > 3 then note('band', band) end
  if delay > 0 then note('delay', delay) end
  redis.call('HSET', jobKey(id), unpack(fields))
  emit('added', 'jobId', id, 'name', name)
  if delay > 0 then
    local due = tonumber(timestamp) + delay
    delayUntil(id, due)
    emit('delayed', 'jobId', id, 'delay', exact(due))
  else
    places[#places + 1] = exact(ARGV[at + 8] == 'head' and headScore(band) or tailScore(band))
    places[#places + 1] = id
    emit('waiting', 'jobId', id)
  end
  placed[id] = band
  order[#order + 1] = id
end

for at = 5, #ARGV, STRIDE do
  local id, onExisting = ARGV[at], ARGV[at + 9]
  if id == '' then
    id = nextId()
    add(id, at)
    results[#results + 1] = id
  else
    if onExisting ~= 'replace' then redis.call('INCR', keys.counter) end
    if not exists(id) then
      dropIfExpired(id)
      add(id, at)
      results[#results + 1] = id
    elseif onExisting == 'reject' then
      results[#results + 1] = -1
    elseif onExisting == 'replace' then
      local free = not placed[id] and makeRoom(id)
      if free then add(id, at) end
      results[#results + 1] = free and id or -3
    else
      emit('duplicated', 'jobId', id)
      results[#results + 1] = id
    end
  end
end

inPieces('ZADD', keys.ids, index, 1000)
if #strings > 0 then
  for from = 1, #strings, 1000 do redis.call('MSET', unpack(strings, from, math.min(from + 999, #strings))) end
end
inPieces('ZADD', keys.queue, places, 1000)
for _, id in ipairs(order) do publishAdded(id, placed[id]) end
if #places > 0 then wakeWorker() end
armDue()
return results
