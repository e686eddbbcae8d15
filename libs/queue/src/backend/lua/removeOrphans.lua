-- Removes what is left of jobs that no longer exist. An orphan stands in no structure, has no status, and none of
-- its keys ends by itself; all else is left to the reconciler or to its TTL (docs/limits.md says why).
-- Input   ARGV[5] most to remove  ARGV[6..] ids
-- Output  how many were removed
-- Events  those of a parent that no longer waits
--@include discard settle

local SETS = { 'ids', 'queue', 'leases', 'delayed', 'completed', 'failed', 'cancelled', 'expiring', 'missing', 'arrivals',
  'waiting-children' }
local most = tonumber(ARGV[5])
checkTypes()

local function isListed(id)
  for _, name in ipairs(SETS) do
    if redis.call('ZSCORE', keys[name], id) then return true end
  end
  return redis.call('SISMEMBER', keys.processing, id) == 1
end

-- True when every key there is lasts and is of the type it must be; false when there is none.
local function isLeftOver(id)
  local found = false
  local own = {
    hash = { jobKey(id), processedKey(id), ignoredKey(id) },
    string = { dataKey(id), resultKey(id) },
    list = { logsKey(id) },
    set = { pendingKey(id) },
    zset = { unsuccessfulKey(id) },
  }
  for type, names in pairs(own) do
    for _, name in ipairs(names) do
      local actual = redis.call('TYPE', name).ok
      if actual ~= 'none' then
        if actual ~= type or redis.call('PTTL', name) ~= -1 then return false end
        found = true
      end
    end
  end
  return found
end

local removed = 0
for at = 6, #ARGV do
  if removed >= most then break end
  local id = ARGV[at]
  if redis.call('EXISTS', statusKey(id)) == 0 and not isListed(id) and isLeftOver(id) then
    family.checkParentTypes(id)
    discard(id)
    removed = removed + 1
  end
end
return removed
