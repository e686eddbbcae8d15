-- What lists and bulk actions ask about jobs: type, options, priority, time of creation, reason of the last failure. Read for many
-- jobs at once, and from where it stands: nothing is changed.
--@include context
--@exports facts
facts = {}

local function plainFacts(text)
  local timestamp, priority, name, opts = string.match(text, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n')
  return { timestamp = timestamp, priority = priority, name = name, opts = opts }
end

local function stateFacts(id)
  local read = redis.pcall('HMGET', stateKey(id), 'name', 'opts', 'priority', 'band', 'timestamp', 'failedReason')
  if read.err then return {} end
  return { name = read[1], opts = read[2], priority = read[3], band = read[4], timestamp = read[5], failedReason = read[6] }
end

-- Facts of each of `ids`, in order: `name`, `opts` (JSON), `priority` (BullMQ's), `band`, `timestamp`, `failedReason`; what is not
-- known is false or nil.
function facts.of(ids)
  local found = {}
  for from = 1, #ids, 1000 do
    local to = math.min(from + 999, #ids)
    for at, text in ipairs(redis.call('HMGET', keys.plain, unpack(ids, from, to))) do
      found[from + at - 1] = text and plainFacts(text) or stateFacts(ids[from + at - 1])
    end
  end
  return found
end

-- Contract priority, or nil where none is noted.
function facts.priorityOf(fact)
  if fact.band then return tonumber(fact.band) end
  local bull = tonumber(fact.priority or nil)
  return bull and (bull == 0 and 3 or 3 - bull)
end

-- Options by their text: those of jobs that were added together are mostly the same. Of this call alone.
local decoded, decodedIn = {}, 0

-- The options as a table; empty where there are none that can be read.
function facts.optionsOf(fact)
  if decodedIn ~= call.number then decoded, decodedIn = {}, call.number end
  local text = fact.opts or ''
  local known = decoded[text]
  if not known then
    local ok, read = pcall(cjson.decode, text)
    known = ok and type(read) == 'table' and read or {}
    decoded[text] = known
  end
  return known
end

-- Name of the caller of the API that created the job, or nil. Most jobs name none: then nothing is decoded.
function facts.creatorOf(fact)
  if not (fact.opts and string.find(fact.opts, '"creator":', 1, true)) then return nil end
  return facts.optionsOf(fact).creator
end

function facts.hasTag(fact, tag)
  if not (fact.opts and string.find(fact.opts, '"tags":', 1, true)) then return false end
  local tags = facts.optionsOf(fact).tags
  for _, one in ipairs(type(tags) == 'table' and tags or {}) do
    if one == tag then return true end
  end
  return false
end
