-- Telling others: the contract's messages on `<p>updates`, and entries of the queue's event stream.
--@include context
--@exports emit publish publishProgress publishAdded

-- Appends an event; `...` are its fields and values.
function emit(event, ...)
  -- One trim a call is enough: it is approximate anyway, and costs as much as the entry.
  if memo.isTrimmed then return redis.call('XADD', keys.events, '*', 'event', event, ...) end
  memo.isTrimmed = true
  return redis.call('XADD', keys.events, 'MAXLEN', '~', setting('opts.maxLenEvents') or 10000, '*', 'event', event, ...)
end

-- Whether anybody at all could listen elsewhere: on a replica, or on another node of a cluster, whose subscribers are not
-- known here. The answer costs as much as ten messages, and a replica needs longer to come into being than it is kept.
local ALONE_MS = 100
local isAlone, askedAt = false, -ALONE_MS

local function askWhetherAlone()
  local info = redis.pcall('INFO', 'replication', 'cluster')
  askedAt = serverNow()
  isAlone = type(info) == 'string' and string.find(info, '\nrole:master', 1, true)
    and string.find(info, '\nconnected_slaves:0', 1, true) and string.find(info, '\ncluster_enabled:0', 1, true)
end

-- Whether anybody could hear a message: a subscriber or a pattern here, or anybody elsewhere. Where a user may not ask,
-- somebody might.
local function hasListeners()
  local age = serverNow() - askedAt
  if age < 0 or age >= ALONE_MS then askWhetherAlone() end
  if not isAlone then return true end
  if redis.pcall('PUBSUB', 'NUMPAT') ~= 0 then return true end
  local subscribed = redis.pcall('PUBSUB', 'NUMSUB', keys.updates)
  return type(subscribed) ~= 'table' or subscribed[2] ~= 0
end

-- Messages of a call that are published before it is asked whether anybody listens, where every call has to ask anew.
local WORTH_ASKING = 8

-- Whether messages are worth making, so many of them: nobody gets them later.
local function isHeard(number)
  local before = memo.messages
  memo.messages = before + number
  local asksAt = call.number > 1 and 0 or WORTH_ASKING
  if before <= asksAt and asksAt < before + number then memo.isUnheard = not hasListeners() end
  return not memo.isUnheard
end

-- Seconds since 1970, as the messages tell them.
local function seconds()
  call.seconds = call.seconds or string.format('%d', now / 1000)
  return call.seconds
end

-- An id as JSON.
local function quotedId(id)
  return string.find(id, '[^%w:-]') and cjson.encode(id) or '"' .. id .. '"'
end

-- Publishes messages as Go's encoding/json writes them, with keys in alphabetical order: 'status_updated', and the event,
-- if any.
function publish(id, status, event)
  if not isHeard(event and 2 or 1) then return end
  local quoted = quotedId(id)
  local start = '{"data":{"job_id":' .. quoted .. ',"status":"' .. status .. '"},"event":"'
  local rest = '","job_id":' .. quoted .. ',"timestamp":' .. seconds() .. '}'
  redis.call('PUBLISH', keys.updates, start .. 'status_updated' .. rest)
  if event then redis.call('PUBLISH', keys.updates, start .. event .. rest) end
end

-- `progress` is JSON.
function publishProgress(id, status, progress)
  if not isHeard(1) then return end
  local quoted = quotedId(id)
  redis.call('PUBLISH', keys.updates, '{"data":{"job_id":' .. quoted .. ',"progress":' .. progress .. ',"status":"' ..
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
  if not isHeard(2) then return end
  quoted = quoted or quotedId(id)
  memo.parts = memo.parts or {}
  local parts = memo.parts[priority]
  if not parts then
    parts = partsOf(priority)
    memo.parts[priority] = parts
  end
  local start, rest = '{"data":{"job_id":' .. quoted, quoted .. parts.rest
  redis.call('PUBLISH', keys.updates, start .. parts.updated .. rest)
  redis.call('PUBLISH', keys.updates, start .. parts.added .. rest)
end
