-- A job and what is below it: its children say themselves who their parent is.
--@include context family
--@exports childAt isLocked descendants

-- Where the job with this key stands: base of its queue and its id, or nil when there is no such child of `parentKey`.
-- A prefix and an id may both hold colons, so each cut is tried.
function childAt(key, parentKey)
  local from = 1
  while true do
    local colon = string.find(key, ':', from, true)
    if not colon then return nil end
    local queue, id = string.sub(key, 1, colon), string.sub(key, colon + 1)
    if within(queue, function() return redis.pcall('HGET', stateKey(id), 'parentKey') end) == parentKey then return queue, id end
    from = colon + 1
  end
end

function isLocked(id)
  local lease = redis.call('ZSCORE', keys.leases, id)
  if lease then return tonumber(lease) > serverNow() end
  return redis.call('SISMEMBER', keys.processing, id) == 1
end

-- Keys of a job's children: `onlyPending` leaves out those that ended. At most `limit` of each kind.
local function childKeys(id, onlyPending, limit)
  local children = redis.call('SRANDMEMBER', pendingKey(id), limit)
  if onlyPending then return children end
  for _, hash in ipairs({ processedKey(id), ignoredKey(id) }) do
    for at, name in ipairs(redis.call('HRANDFIELD', hash, limit)) do children[#children + 1] = name end
  end
  for _, key in ipairs(redis.call('ZRANGE', unsuccessfulKey(id), 0, limit - 1)) do children[#children + 1] = key end
  return children
end

-- The jobs below `id`, parents before children, at most `limit`. Returns { base, id, locked } each, and true
-- when there are more. `skip(id)` leaves a child out, with all below it.
function descendants(id, onlyPending, limit, skip)
  local found = { { base = base, id = id } }
  local at = 1
  while found[at] do
    local parent = found[at]
    local full = within(parent.base, function()
      for _, key in ipairs(childKeys(parent.id, onlyPending, limit)) do
        local queue, child = childAt(key, parent.base .. parent.id)
        if queue then
          if #found > limit then return true end
          within(queue, function()
            if not skip(child) then found[#found + 1] = { base = queue, id = child, locked = isLocked(child) } end
          end)
        else
          -- Nobody is there any more.
          redis.call('SREM', pendingKey(parent.id), key)
        end
      end
      return false
    end)
    if full then return found, true end
    at = at + 1
  end
  return found, false
end
