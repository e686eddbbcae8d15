-- Telling others: the contract's messages on `<p>updates`, and entries of the queue's event stream.
--@include context
--@exports emit emitAdded emitActive emitCompleted publish publishProgress publishAdded

-- How many events are kept: what BullMQ's classes write when they are created, or what a reader asks for that must not miss any.
local function mostEvents()
  local usual, asked = setting('opts.maxLenEvents') or 10000, setting('events')
  return asked and tonumber(asked) > tonumber(usual) and asked or usual
end

-- Appends an event; `...` are its fields and values.
function emit(event, ...)
  -- One trim a call is enough: it is approximate anyway, and costs as much as the entry.
  if memo.isTrimmed then return redis.call('XADD', keys.events, '*', 'event', event, ...) end
  memo.isTrimmed = true
  return redis.call('XADD', keys.events, 'MAXLEN', '~', mostEvents(), '*', 'event', event, ...)
end

-- The events of every job, spelled out: to hand on any number of values costs Lua as much as many steps.
function emitAdded(id, name)
  if not memo.isTrimmed then
    emit('added', 'jobId', id, 'name', name)
  else
    redis.call('XADD', keys.events, '*', 'event', 'added', 'jobId', id, 'name', name)
  end
  redis.call('XADD', keys.events, '*', 'event', 'waiting', 'jobId', id)
end

function emitActive(id)
  if not memo.isTrimmed then return emit('active', 'jobId', id, 'prev', 'waiting') end
  redis.call('XADD', keys.events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
end

function emitCompleted(id, value)
  if not memo.isTrimmed then return emit('completed', 'jobId', id, 'returnvalue', value, 'prev', 'active') end
  redis.call('XADD', keys.events, '*', 'event', 'completed', 'jobId', id, 'returnvalue', value, 'prev', 'active')
end

-- Whether nobody could listen elsewhere: on a replica, or on another node of a cluster, whose subscribers are not known
-- here. Where a user may not ask, somebody might. The answer costs as much as ten messages, so it is kept for a while, which
-- is far less than a replica needs to come into being.
local ALONE_MS = 100
local isAlone, askedAt = false, -ALONE_MS

local function isAloneNow()
  local age = serverNow() - askedAt
  if age >= 0 and age < ALONE_MS then return isAlone end
  local info = redis.pcall('INFO', 'replication', 'cluster')
  askedAt = serverNow()
  isAlone = type(info) == 'string' and string.find(info, '\nrole:master', 1, true) ~= nil
    and string.find(info, '\nconnected_slaves:0', 1, true) ~= nil
    and string.find(info, '\ncluster_enabled:0', 1, true) ~= nil
  return isAlone
end

-- After so many messages of a call that nobody heard it is worth asking who else could, where the answer is not kept.
local WORTH_ASKING = 8

-- Sends one message. Once nobody heard one and nobody else could, no more are made in this call: nobody gets them later.
local function send(message)
  if memo.isUnheard or redis.call('PUBLISH', keys.updates, message) > 0 then return end
  memo.messages = memo.messages + 1
  if call.number > 1 or memo.messages == WORTH_ASKING then memo.isUnheard = isAloneNow() end
end

-- Seconds since 1970, as the messages tell them.
local function seconds()
  call.seconds = call.seconds or string.sub(ARGV[1], 1, -4)
  return call.seconds
end

-- An id as JSON.
local function quotedId(id)
  return string.find(id, '[^%w:-]') and cjson.encode(id) or '"' .. id .. '"'
end

-- Publishes messages as Go's encoding/json writes them, with keys in alphabetical order: 'status_updated', and the event,
-- if any.
function publish(id, status, event)
  if memo.isUnheard then return end
  local quoted = quotedId(id)
  local start = '{"data":{"job_id":' .. quoted .. ',"status":"' .. status .. '"},"event":"'
  local rest = '","job_id":' .. quoted .. ',"timestamp":' .. seconds() .. '}'
  send(start .. 'status_updated' .. rest)
  if event then send(start .. event .. rest) end
end

-- `progress` is JSON.
function publishProgress(id, status, progress)
  if memo.isUnheard then return end
  local quoted = quotedId(id)
  send('{"data":{"job_id":' .. quoted .. ',"progress":' .. progress .. ',"status":"' ..
    status .. '"},"event":"job_progress","job_id":' .. quoted .. ',"timestamp":' .. seconds() .. '}')
end

-- What the two messages about an added job have between its id and its id, and behind it.
local function partsOf(priority)
  return {
    updated = ',"status":"pending"},"event":"status_updated","job_id":',
    added = ',"priority":' .. string.format('%d', priority) .. ',"status":"pending"},"event":"job_added","job_id":',
    rest = ',"timestamp":' .. seconds() .. '}',
  }
end

-- `quoted` is the id as JSON.
function publishAdded(id, priority, quoted)
  if memo.isUnheard then return end
  quoted = quoted or quotedId(id)
  memo.parts = memo.parts or {}
  local parts = memo.parts[priority]
  if not parts then
    parts = partsOf(priority)
    memo.parts[priority] = parts
  end
  local start, rest = '{"data":{"job_id":' .. quoted, quoted .. parts.rest
  send(start .. parts.updated .. rest)
  send(start .. parts.added .. rest)
end
