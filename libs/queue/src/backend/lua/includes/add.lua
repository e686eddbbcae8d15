-- Adding jobs. Writes that many jobs have in common are collected per queue and flushed at the end.
--@include context announce place wake later family deduplication kind collected numbers numbered refused
--@exports addAll

-- Clears the way for a job added again under its id; a parent that waits for it goes on waiting. Returns the kind it
-- is added as, or nil when it is running.
local function makeRoom(id, kind)
  if isRunning(id) then return nil end
  local parent, child = family.parentOf(id), family.memberKey(id)
  if parent and within(parent.base, function() return redis.call('SISMEMBER', pendingKey(parent.id), child) end) == 1 then
    kind = withParentOf(kind, unpack(redis.call('HMGET', jobKey(id), 'parentKey', 'parent')))
  end
  freeDeduplication(id)
  forget(id)
  return kind
end

-- Links a job that exists to the parent it is added under. Returns false when another parent has it.
local function adoptChild(id, kind)
  local extras, parent = kind.extras, kind.parent
  local current = redis.call('HGET', stateKey(id), 'parentKey')
  if current and current ~= extras.parentKey then
    local other = family.parentOf(id)
    if other and within(other.base, exists, other.id) then return false end
  end
  local child = family.memberKey(id)
  local result = redis.call('ZSCORE', keys.completed, id) and (redis.call('GET', resultKey(id)) or 'null')
  within(parent.base, function()
    if result then
      redis.call('HSET', processedKey(parent.id), child, result)
      family.touch(base, parent.id)
    else
      redis.call('SADD', pendingKey(parent.id), child)
    end
    giveState(parent.id)
    family.endWithParent(parent.id)
  end)
  redis.call('HSET', jobKey(id), 'parentKey', extras.parentKey, 'parent', extras.parent)
  tieRun(id)
  return true
end

-- Puts the job where it waits: for its children, for its time, or for a worker. For those of a batch its script does so.
local function placeNew(id, kind, collected)
  if kind.extras.waitsForChildren then
    redis.call('ZADD', keys['waiting-children'], kind.timestamp, id)
    emit('waiting-children', 'jobId', id)
  elseif kind.delay > 0 then
    local due = tonumber(kind.timestamp) + kind.delay
    delayUntil(id, due)
    emit('delayed', 'jobId', id, 'delay', due)
  elseif kind.extras.batch then
    memo.staged = memo.staged or {}
    memo.staged[#memo.staged + 1] = { score = tailScore(kind.band), id = id }
    emit('waiting', 'jobId', id)
  else
    local places, band = collected.places, kind.band
    local count = #places
    places[count + 1] = kind.placement == 'head' and headScore(band) or tailScore(band)
    places[count + 2] = id
    emit('waiting', 'jobId', id)
  end
end

-- `quoted` is the id as JSON.
local function store(kind, id, quoted, payload, document)
  local collected = batch()
  local strings, index, count = collected.strings, collected.index, collected.count
  strings[4 * count + 1] = dataKey(id)
  strings[4 * count + 2] = document or documentOf(kind, quoted, payload)
  strings[4 * count + 3] = statusKey(id)
  strings[4 * count + 4] = 'pending'
  index[2 * count + 1] = kind.timestamp
  index[2 * count + 2] = id
  count = count + 1
  collected.count, collected.added[count], collected.quoted[count], collected.bands[id] = count, id, quoted, kind.band
  local head = not document and plainHead(kind)
  if head then
    local plain = collected.plain
    local last = #plain
    plain[last + 1], plain[last + 2] = id, head .. payload
  else
    redis.call('HSET', stateKey(id), fieldsOf(kind, payload))
  end
  emit('added', 'jobId', id, 'name', kind.name)
  placeNew(id, kind, collected)
  local parent = kind.parent
  if parent then
    local child = family.memberKey(id)
    within(parent.base, function()
      redis.call('SADD', pendingKey(parent.id), child)
      giveState(parent.id)
      family.endWithParent(parent.id)
    end)
  end
end

-- Decides about a job whose id a caller chose and that exists: returns an answer as `addOne`, or nil and the kind it is
-- to be added as.
local function meetExisting(kind, id)
  if kind.onExisting == 'reject' then return -1 end
  if kind.onExisting == 'replace' then
    kind = not batch().bands[id] and makeRoom(id, kind)
    if not kind then return -3 end
    return nil, kind
  end
  if kind.parent and not adoptChild(id, kind) then return -7 end
  emit('duplicated', 'jobId', id)
  return id
end

-- Adds one job to the current queue. Returns its id, that of the job that stands for it, or a negative code:
-- -1 rejected (the id exists), -3 not replaced (it is running), -5 its parent is missing, -7 it has another parent.
local function addOne(kind, id, payload, document)
  local collected, quoted = batch(), nil
  if kind.parent and not within(kind.parent.base, isKnown, kind.parent.id) then return -5 end
  if id == '' then
    id = nextId(collected)
    quoted = '"' .. id .. '"'
  else
    if kind.onExisting ~= 'replace' then nextNumber(collected) end
    if isKnown(id) then
      local answer
      answer, kind = meetExisting(kind, id)
      if answer then return answer end
    elseif collected.listed[id] then
      dropIfExpired(id)
    end
    quoted = cjson.encode(id)
  end
  local deduplication = kind.extras.deduplication
  if deduplication then
    local holder = deduplicate(deduplication, id, function() return toList(kind, id, payload, document) end)
    if holder then return holder end
  end
  store(kind, id, quoted, payload, document)
  return id
end

-- Writes what is collected for the current queue.
local function flushQueue()
  local collected = batch()
  memo.batch = nil
  giveBack(collected)
  if collected.count == 0 then return end
  -- First of all: what is listed there is found again, whatever happens.
  inPieces('ZADD', keys.ids, collected.index, 1000)
  local strings = collected.strings
  for from = 1, #strings, 1000 do redis.call('MSET', unpack(strings, from, math.min(from + 999, #strings))) end
  inPieces('HSET', keys.plain, collected.plain, 1000)
  for at = 1, memo.unfolded and #collected.plain or 0, 2 do memo.unfolded[collected.plain[at]] = nil end
  for _, id in ipairs(collected.stateful) do jobKey(id) end
  inPieces('ZADD', keys.queue, collected.places, 1000)
  for at, id in ipairs(collected.added) do publishAdded(id, collected.bands[id], collected.quoted[at]) end
  if #collected.places > 0 then wakeWorker() end
  armDue()
end

-- Writes what is collected for every queue, then lets parents go on that have nothing left to wait for.
local function flushAdded()
  local bases = {}
  for queue, remembered in pairs(memos or { [base] = memo }) do
    if remembered.batch then bases[#bases + 1] = queue end
  end
  table.sort(bases)
  for _, queue in ipairs(bases) do within(queue, flushQueue) end
  family.releaseTouched()
end

-- What is to come in each queue: ids that callers chose, whether others need one, and how many take a number.
local function perQueue(jobs)
  local queues, kinds = {}, jobs.kinds
  for at, id in ipairs(jobs.ids) do
    local kind = kinds[at]
    local coming = kind.coming or queues[kind.queue] or { chosen = {}, needsIds = false, counted = 0 }
    kind.coming, queues[kind.queue] = coming, coming
    if id == '' then
      coming.needsIds = true
    else
      coming.chosen[#coming.chosen + 1] = id
    end
  end
  return queues
end

-- Adds jobs, in order. Returns one answer each: what `addOne` says, or { error } of a job that met a key of the wrong
-- type, of which nothing is written. With `isStrict` the first such error stops the script before it adds any.
function addAll(jobs, isStrict)
  local numbered = addNumbered(jobs)
  if numbered then return numbered end
  local queues, results = perQueue(jobs), {}
  local kinds, ids, payloads, documents = jobs.kinds, jobs.ids, jobs.payloads, jobs.documents
  for queue, coming in pairs(queues) do
    if #coming.chosen > 0 then within(queue, lookUp, coming.chosen) end
  end
  for at, id in ipairs(ids) do
    local kind = kinds[at]
    local problem = problemOf(kind, id)
    if problem and isStrict then error({ err = problem }) end
    results[at] = problem and { problem } or false
    if not problem and (id == '' or kind.onExisting ~= 'replace') then kind.coming.counted = kind.coming.counted + 1 end
  end
  for queue, coming in pairs(queues) do
    if coming.counted > 0 then within(queue, reserve, coming.counted, coming.needsIds) end
  end
  for at, id in ipairs(ids) do
    local kind = kinds[at]
    results[at] = results[at] or within(kind.queue, addOne, kind, id, payloads[at], documents[at])
  end
  flushAdded()
  return results
end
