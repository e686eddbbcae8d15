-- Jobs that cannot be added since a key in their way holds another type. The others of their call are added.
--@include context discard kind collected
--@exports problemOf

-- Keys of the wrong type that all jobs of a kind would meet: of the deduplication id, and in the parent's queue.
local function problemOfKind(kind)
  local id, parent = kind.extras.deduplicationId, kind.parent
  local problem = id and (problemWith(mustBe, deduplicationKey(id), 'string') or problemWith(mustBe, successorKey(id), 'list'))
  if problem or not parent then return problem end
  return within(parent.base, function()
    if parent.base ~= kind.queue and memo.isSound == nil then memo.isSound = pcall(checkTypes) end
    if memo.isSound == false then return 'WRONGTYPEIN ' .. base end
    return problemWith(mustBe, pendingKey(parent.id), 'set') or problemWith(mustBe, processedKey(parent.id), 'hash')
  end)
end

-- The same of the keys of an id that a caller chose.
local function problemOfId(id)
  if batch().unused[id] then return nil end
  return problemWith(checkJobTypes, id)
end

-- Why a job cannot be added, as the text of an error; nil when it can. Nothing is written before that is known of all
-- jobs of a call.
function problemOf(kind, id)
  if kind.problem == nil then kind.problem = within(kind.queue, problemOfKind, kind) or false end
  return kind.problem or (id ~= '' and within(kind.queue, problemOfId, id)) or nil
end
