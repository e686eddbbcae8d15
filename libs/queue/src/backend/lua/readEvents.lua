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

local function isBefore(id, other)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  local otherMs, otherNumber = string.match(other, '^(%d+)-(%d+)$')
  if ms ~= otherMs then return tonumber(ms) < tonumber(otherMs) end
  return tonumber(number) < tonumber(otherNumber)
end

-- How many entries were trimmed since the stream began.
local function trimmedOf(stream) return stream['entries-added'] - stream.length end

-- Nothing was missed while the entry delivered last is still there, or before the first one was delivered at all. Redis counts
-- entries that were ever added, and those that a group has read where it can tell.
local function unseen(stream, group)
  local delivered, first = group['last-delivered-id'], stream['first-entry']
  if delivered == '0-0' or trimmedOf(stream) == 0 then return 0 end
  if first and not isBefore(delivered, first[1]) then return 0 end
  if not first and not isBefore(delivered, stream['last-generated-id']) then return 0 end
  local read = group['entries-read']
  return read and math.max(0, trimmedOf(stream) - read) or -1
end

-- Redis goes on counting behind a gap as if there were none.
local function correctCount(stream, entries)
  local last = #entries > 0 and entries[#entries][1] or stream['last-generated-id']
  redis.call('XGROUP', 'SETID', keys.events, ARGV[5], last, 'ENTRIESREAD', trimmedOf(stream) + #entries)
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
if lost ~= 0 then correctCount(stream, entries) end
return {
  stream['last-generated-id'],
  group['last-delivered-id'],
  lost,
  withoutLargeValues(entries, tonumber(ARGV[8])),
}
