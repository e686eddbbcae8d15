-- Jobs that are to be added, as they are handed over: a job has its id, payload and perhaps a document, and a *kind*
-- that holds the rest, since jobs that are added together often differ in nothing else. What is made of a kind is
-- made once. Jobs stand in rows: `kinds`, `ids`, `payloads` and `documents`.
--@include context document
--@exports withParentOf plainHead fieldsOf documentOf readJobs toList fromList

-- How many arguments a kind has; see addJobs for what they are.
local KIND_ARGUMENTS = 11

local function setExtras(kind, extras)
  kind.extras = extras
  kind.parent = extras.parent and cjson.decode(extras.parent)
  if kind.parent then kind.parent.base = kind.parent.queueKey .. ':' end
end

local function newKind(queue, name, opts, timestamp, createdAt, delay, band, placement, onExisting, hasDocument, extras)
  local kind = {
    queue = queue,
    name = name,
    opts = opts,
    timestamp = timestamp,
    createdAt = createdAt,
    delay = tonumber(delay),
    band = tonumber(band),
    placement = placement,
    onExisting = onExisting,
    hasDocument = hasDocument == '1',
    extrasText = extras,
  }
  setExtras(kind, extras == '' and {} or cjson.decode(extras))
  return kind
end

-- The same kind with another parent.
function withParentOf(kind, parentKey, parent)
  local other, extras = {}, {}
  for name, value in pairs(kind) do other[name] = value end
  for name, value in pairs(kind.extras) do extras[name] = value end
  extras.parentKey, extras.parent = parentKey, parent
  setExtras(other, extras)
  other.fields, other.plainHead = nil, nil
  return other
end

-- What stands before the payload in the state of a plain job; false when jobs of this kind are not plain.
function plainHead(kind)
  local head = kind.plainHead
  if head == nil then
    head = kind.delay == 0 and kind.extrasText == '' and not kind.parent and kind.band <= 3 and not kind.hasDocument
      and kind.timestamp .. '\n' .. string.format('%d', 3 - kind.band) .. '\n' .. kind.name .. '\n' .. kind.opts .. '\n'
    kind.plainHead = head
  end
  return head
end

-- Fields of a job's runtime state and their values. The first two are its payload, which a legacy document has not.
function fieldsOf(kind, payload)
  local fields = kind.fields
  if not fields then
    fields = { 'data', '', 'timestamp', kind.timestamp, 'priority', math.max(0, 3 - kind.band), 'opts', kind.opts }
    local function note(field, value)
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
    if kind.name ~= '' then note('name', kind.name) end
    if kind.band > 3 then note('band', kind.band) end
    if kind.delay > 0 then note('delay', kind.delay) end
    for _, field in ipairs({ 'parentKey', 'parent', 'repeatJobKey', 'deduplicationId', 'batch' }) do
      if kind.extras[field] then note(field, kind.extras[field]) end
    end
    kind.fields = fields
  end
  if payload == '' then return unpack(fields, 3) end
  fields[2] = payload
  return unpack(fields)
end

-- The document of a job of that kind. `quoted` is its id as JSON.
function documentOf(kind, quoted, payload)
  kind.head = kind.head or documentHead(kind.name, kind.createdAt, kind.band)
  return '{"id":' .. quoted .. kind.head .. payload .. '}'
end

-- The jobs of this call, whose arguments start at ARGV[at].
function readJobs(at)
  local byNumber = {}
  local first = at + 1
  at = first + tonumber(ARGV[at]) * KIND_ARGUMENTS
  for from = first, at - 1, KIND_ARGUMENTS do
    local number = tostring((from - first) / KIND_ARGUMENTS)
    byNumber[number] = newKind(KEYS[tonumber(ARGV[from])], unpack(ARGV, from + 1, from + KIND_ARGUMENTS - 1))
  end
  local kinds, ids, payloads, documents, count = {}, {}, {}, {}, 0
  while ARGV[at] do
    local kind = byNumber[ARGV[at]]
    count = count + 1
    kinds[count], ids[count], payloads[count] = kind, ARGV[at + 1], ARGV[at + 2]
    if kind.hasDocument then
      documents[count] = ARGV[at + 3]
      at = at + 1
    end
    at = at + 3
  end
  return { kinds = kinds, ids = ids, payloads = payloads, documents = documents }
end

-- A job as a list of texts, which is how one is kept that is added later.
function toList(kind, id, payload, document)
  return { id, kind.name, payload, kind.opts, kind.timestamp, kind.createdAt, kind.delay, kind.band, kind.placement,
    kind.onExisting, document or '', kind.extrasText }
end

-- Such a list as the only job to be added.
function fromList(list)
  local id, name, payload, opts, timestamp, createdAt, delay, band, placement, onExisting, document, extras = unpack(list)
  local kind = newKind(base, name, opts, timestamp, createdAt, delay, band, placement, onExisting, '', extras)
  return { kinds = { kind }, ids = { id }, payloads = { payload }, documents = { document ~= '' and document or nil } }
end
