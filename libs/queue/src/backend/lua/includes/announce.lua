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

-- Publishes one message as Go's encoding/json writes it: keys in alphabetical order.
-- `extra` is raw JSON placed in `data` after `job_id`, such as `"priority":1,`.
function publish(event, id, status, extra)
  local quoted = cjson.encode(id)
  redis.call('PUBLISH', keys.updates, '{"data":{"job_id":' .. quoted .. ',' .. (extra or '') .. '"status":"' .. status ..
    '"},"event":"' .. event .. '","job_id":' .. quoted .. ',"timestamp":' .. string.format('%d', now / 1000) .. '}')
end

-- What the two messages about an added job have between its id and its id, and behind it.
local function partsOf(priority)
  return {
    updated = ',"status":"pending"},"event":"status_updated","job_id":',
    added = ',"priority":' .. string.format('%d', priority) .. ',"status":"pending"},"event":"job_added","job_id":',
    rest = ',"timestamp":' .. string.format('%d', now / 1000) .. '}',
  }
end

-- `quoted` is the id as JSON.
function publishAdded(id, priority, quoted)
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
