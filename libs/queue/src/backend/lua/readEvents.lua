-- Hands a group of readers the next events of the queue, and tells what was trimmed before the group saw it.
-- Input   ARGV[5] group  ARGV[6] consumer  ARGV[7] most entries  ARGV[8] most bytes of a value
-- Output  { id generated last, id delivered last before this call, events that were trimmed unseen (-1 = some, number not
--         known), entries }; entries as XREADGROUP gives them, with '' for a value that is too large.
--         { id generated last } when there is no such group; false when there is no stream.
--@include context

local function fieldsOf(flat)
  local fields = {}
  for at = 1, #flat, 2 do fields[flat[at]] = flat[at + 1] end
  return fields
end

local function groupOf(name)
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', keys.events)) do
    local fields = fieldsOf(flat)
    if fields.name == name then return fields end
  end
end

-- Whether the first entry there is comes after the one delivered last.
local function isBehind(stream, delivered)
  local first = stream['first-entry']
  if not first then return true end
  return #redis.call('XRANGE', keys.events, '-', delivered, 'COUNT', 1) == 0
end

-- Redis counts entries that were ever added, and those that a group has read where it can tell.
local function unseen(stream, group)
  local trimmed = stream['entries-added'] - stream.length
  local read = group['entries-read']
  if read then return math.max(0, trimmed - read) end
  return trimmed > 0 and isBehind(stream, group['last-delivered-id']) and -1 or 0
end

local function withoutLargeValues(entries, most)
  for _, entry in ipairs(entries) do
    local values = entry[2]
    for at = 2, values and #values or 0, 2 do
      if #values[at] > most then values[at] = '' end
    end
  end
  return entries
end

if redis.call('EXISTS', keys.events) == 0 then return false end
local stream = fieldsOf(redis.call('XINFO', 'STREAM', keys.events))
local group = groupOf(ARGV[5])
if not group then return { stream['last-generated-id'] } end
local lost = unseen(stream, group)
local read = redis.call('XREADGROUP', 'GROUP', ARGV[5], ARGV[6], 'COUNT', ARGV[7], 'STREAMS', keys.events, '>')
local entries = read and read[1][2] or {}
return {
  stream['last-generated-id'],
  group['last-delivered-id'],
  lost,
  withoutLargeValues(entries, tonumber(ARGV[8])),
}
