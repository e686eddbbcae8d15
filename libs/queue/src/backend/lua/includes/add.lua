-- Adding one job. Writes that many jobs have in common are collected per queue and flushed at the end.
--@include context announce place wake document later family deduplication

-- How many arguments a job has; see addJobs for what they are.
local JOB_ARGUMENTS = 12

-- What is collected for the current queue.
local function batch()
  memo.batch = memo.batch or { strings = {}, places = {}, index = {}, added = {}, bands = {} }
  return memo.batch
end

local function isKnown(id) return batch().bands[id] or exists(id) end

local function nextId()
  local id
  repeat
    id = string.format('%.0f', redis.call('INCR', keys.counter))
  until not isKnown(id)
  return id
end

-- Clears the way for a job added again under its id; a parent that waits for it goes on waiting. Returns false
-- when it is running.
local function makeRoom(id, extras)
  if isRunning(id) then return false end
  local parent, child = parentOf(id), memberKey(id)
  if parent and within(parent.base, function() return redis.call('SISMEMBER', pendingKey(parent.id), child) end) == 1 then
    extras.parentKey, extras.parent = unpack(redis.call('HMGET', jobKey(id), 'parentKey', 'parent'))
  end
  freeDeduplication(id)
  forget(id)
  return true
end

-- Links a job that exists to the parent it is added under. Returns false when another parent has it.
local function adoptChild(id, extras)
  local parent, current = cjson.decode(extras.parent), redis.call('HGET', jobKey(id), 'parentKey')
  local parentBase = parent.queueKey .. ':'
  if current and current ~= extras.parentKey then
    local other = parentOf(id)
    if other and within(other.base, exists, other.id) then return false end
  end
  local child = memberKey(id)
  local result = redis.call('ZSCORE', keys.completed, id) and (redis.call('GET', resultKey(id)) or 'null')
  within(parentBase, function()
    if result then
      redis.call('HSET', processedKey(parent.id), child, result)
      touch(base, parent.id)
    else
      redis.call('SADD', pendingKey(parent.id), child)
    end
    endWithParent(parent.id)
  end)
  redis.call('HSET', jobKey(id), 'parentKey', extras.parentKey, 'parent', extras.parent)
  tieRun(id)
  return true
end

local function store(id, arguments, extras)
  local _, name, data, opts, timestamp, createdAt = unpack(arguments)
  local delay, band, placement, document = tonumber(arguments[7]), tonumber(arguments[8]), arguments[9], arguments[11]
  local collected = batch()
  local strings, index = collected.strings, collected.index
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
  for _, field in ipairs({ 'parentKey', 'parent', 'repeatJobKey', 'deduplicationId' }) do
    if extras[field] then note(field, extras[field]) end
  end
  redis.call('HSET', jobKey(id), unpack(fields))
  emit('added', 'jobId', id, 'name', name)
  if extras.waitsForChildren then
    redis.call('ZADD', keys['waiting-children'], timestamp, id)
    emit('waiting-children', 'jobId', id)
  elseif delay > 0 then
    local due = tonumber(timestamp) + delay
    delayUntil(id, due)
    emit('delayed', 'jobId', id, 'delay', exact(due))
  else
    local places = collected.places
    places[#places + 1] = exact(placement == 'head' and headScore(band) or tailScore(band))
    places[#places + 1] = id
    emit('waiting', 'jobId', id)
  end
  collected.bands[id] = band
  collected.added[#collected.added + 1] = id
  if extras.parent then
    local parent, child = cjson.decode(extras.parent), memberKey(id)
    within(parent.queueKey .. ':', function()
      redis.call('SADD', pendingKey(parent.id), child)
      endWithParent(parent.id)
    end)
  end
end

local function extrasOf(arguments) return arguments[12] ~= '' and cjson.decode(arguments[12]) or {} end

-- Refuses to start on keys of the wrong type, those of the parent's queue included; before any job is added.
local function checkArguments(arguments)
  if arguments[1] ~= '' then checkJobTypes(arguments[1]) end
  local extras = extrasOf(arguments)
  if extras.deduplicationId then
    mustBe(deduplicationKey(extras.deduplicationId), 'string')
    mustBe(successorKey(extras.deduplicationId), 'list')
  end
  if not extras.parent then return end
  local parent = cjson.decode(extras.parent)
  within(parent.queueKey .. ':', function()
    if not memo.checked then checkTypesIn(base) end
    memo.checked = true
    mustBe(pendingKey(parent.id), 'set')
    mustBe(processedKey(parent.id), 'hash')
  end)
end

local function parentIsMissing(extras)
  if not extras.parent then return false end
  local parent = cjson.decode(extras.parent)
  return not within(parent.queueKey .. ':', isKnown, parent.id)
end

-- Adds one job to the current queue. Returns its id, that of the job that stands for it, or a negative code:
-- -1 rejected (the id exists), -3 not replaced (it is running), -5 its parent is missing, -7 it has another parent.
local function addOne(arguments)
  local id, onExisting = arguments[1], arguments[10]
  local extras = extrasOf(arguments)
  if parentIsMissing(extras) then return -5 end
  if id == '' then
    id = nextId()
  else
    if onExisting ~= 'replace' then redis.call('INCR', keys.counter) end
    if isKnown(id) then
      if onExisting == 'reject' then return -1 end
      if onExisting == 'replace' then
        if batch().bands[id] or not makeRoom(id, extras) then return -3 end
      else
        if extras.parent and not adoptChild(id, extras) then return -7 end
        emit('duplicated', 'jobId', id)
        return id
      end
    else
      dropIfExpired(id)
    end
  end
  local holder = extras.deduplication and deduplicate(extras.deduplication, id, arguments)
  if holder then return holder end
  store(id, arguments, extras)
  return id
end

-- Writes what is collected for the current queue.
local function flushQueue()
  local collected = batch()
  inPieces('ZADD', keys.ids, collected.index, 1000)
  local strings = collected.strings
  for from = 1, #strings, 1000 do redis.call('MSET', unpack(strings, from, math.min(from + 999, #strings))) end
  inPieces('ZADD', keys.queue, collected.places, 1000)
  for _, id in ipairs(collected.added) do publishAdded(id, collected.bands[id]) end
  if #collected.places > 0 then wakeWorker() end
  armDue()
  memo.batch = nil
end

-- Writes what is collected for every queue, then lets parents go on that have nothing left to wait for.
local function flushAdded()
  local bases = {}
  for queue, remembered in pairs(memos) do
    if remembered.batch then bases[#bases + 1] = queue end
  end
  table.sort(bases)
  for _, queue in ipairs(bases) do within(queue, flushQueue) end
  releaseTouched()
end
