-- Telling others: the contract's messages on `<p>updates`, and entries of the queue's event stream.
--@include context

-- Appends an event; `...` are its fields and values.
local function emit(event, ...)
  -- One trim a call is enough: it is approximate anyway, and costs as much as the entry.
  if memo.isTrimmed then return redis.call('XADD', keys.events, '*', 'event', event, ...) end
  memo.isTrimmed = true
  return redis.call('XADD', keys.events, 'MAXLEN', '~', setting('opts.maxLenEvents') or 10000, '*', 'event', event, ...)
end

-- Publishes one message as Go's encoding/json writes it: keys in alphabetical order.
-- `extra` is raw JSON placed in `data` after `job_id`, such as `"priority":1,`.
local function publish(event, id, status, extra)
  local quoted = cjson.encode(id)
  redis.call('PUBLISH', keys.updates, '{"data":{"job_id":' .. quoted .. ',' .. (extra or '') .. '"status":"' .. status ..
    '"},"event":"' .. event .. '","job_id":' .. quoted .. ',"timestamp":' .. string.format('%d', now / 1000) .. '}')
end

local function publishAdded(id, priority)
  publish('status_updated', id, 'pending')
  publish('job_added', id, 'pending', '"priority":' .. string.format('%d', priority) .. ',')
end
