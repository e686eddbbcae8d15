-- Telling others: the contract's messages on `<p>updates`, and entries of the queue's event stream.
--@include context
--@exports emit publish publishAdded

-- Appends an event; `...` are its fields and values.
function emit(event, ...)
  -- One trim a call is enough: it is approximate anyway, and costs as much as the entry.
  if memo.isTrimmed then return redis.call('XADD', keys.events, '*', 'event', event, ...) end
  memo.isTrimmed = true
  return redis.call('XADD', keys.events, 'MAXLEN', '~', setting('opts.maxLenEvents') or 10000, '*', 'event', event, ...)
end

-- Messages of a call that are published before it is asked whether anybody listens: the answer costs as much as these.
local WORTH_ASKING = 8

-- Whether anybody could hear a message: a subscriber or a pattern here, or anybody at all on a replica or on another node
-- of a cluster, whose subscribers are not known here. Where a user may not ask, somebody might.
local function hasListeners()
  local subscribed = redis.pcall('PUBSUB', 'NUMSUB', keys.updates)
  local patterns = redis.pcall('PUBSUB', 'NUMPAT')
  local info = redis.pcall('INFO', 'replication', 'cluster')
  if type(subscribed) ~= 'table' or subscribed[2] ~= 0 or patterns ~= 0 or type(info) ~= 'string' then return true end
  return not (string.find(info, '\nrole:master', 1, true) and string.find(info, '\nconnected_slaves:0', 1, true)
    and string.find(info, '\ncluster_enabled:0', 1, true))
end

-- Whether a message is worth making: nobody gets it later.
local function isHeard()
  local count = memo.messages + 1
  memo.messages = count
  if count == WORTH_ASKING then memo.isUnheard = not hasListeners() end
  return not memo.isUnheard
end

-- Seconds since 1970, as the messages tell them.
local function seconds()
  call.seconds = call.seconds or string.format('%d', now / 1000)
  return call.seconds
end

-- Publishes one message as Go's encoding/json writes it: keys in alphabetical order.
-- `extra` is raw JSON placed in `data` after `job_id`, such as `"priority":1,`.
function publish(event, id, status, extra)
  if not isHeard() then return end
  local quoted = cjson.encode(id)
  redis.call('PUBLISH', keys.updates, '{"data":{"job_id":' .. quoted .. ',' .. (extra or '') .. '"status":"' .. status ..
    '"},"event":"' .. event .. '","job_id":' .. quoted .. ',"timestamp":' .. seconds() .. '}')
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
  if not isHeard() then return end
  quoted = quoted or cjson.encode(id)
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
