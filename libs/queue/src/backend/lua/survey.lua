-- Looks for jobs whose structures do not fit together, as a legacy service or a crash leaves them. Changes nothing.
-- Input   ARGV[5] rank in the index of all ids to go on from  ARGV[6] how many ids to look at
--         ARGV[7] cursor into `<p>processing`  ARGV[8] rank among the delayed jobs to go on from
-- Output  { ids to look after, next rank or -1 at the end, next cursor or '0' at the end, next rank among the delayed }
--@include context

local first, count = tonumber(ARGV[5]), tonumber(ARGV[6])
checkTypes()

-- When every id stands in exactly one structure, the sums agree and there is nothing to look for.
local function sumsAgree()
  local standing = 0
  for _, key in ipairs({ keys.queue, keys.leases, keys.delayed, keys['waiting-children'], keys.completed, keys.failed }) do
    standing = standing + redis.call('ZCARD', key)
  end
  return standing == redis.call('ZCARD', keys.ids) and redis.call('ZCARD', keys.leases) == redis.call('SCARD', keys.processing)
end

local suspects = redis.call('ZRANGE', keys.missing, 0, count - 1)

-- Reports the ids whose status is another than it should be by where they stand; of finished jobs it may be gone.
local function compare(ids, status)
  if #ids == 0 then return end
  local names = {}
  for at, id in ipairs(ids) do names[at] = statusKey(id) end
  for at, found in ipairs(redis.call('MGET', unpack(names))) do
    if found ~= status and (found or status == 'pending') then suspects[#suspects + 1] = ids[at] end
  end
end
local delayedRank = tonumber(ARGV[8])
if first == 0 then
  -- The last jobs that ended: a legacy worker may have written its own end over theirs.
  compare(redis.call('ZRANGE', keys.cancelled, -200, -1), 'cancelled')
  compare(redis.call('ZRANGE', keys.completed, -200, -1), 'completed')
  -- Delayed ones and waiting parents: a legacy cancel leaves no other trace, and its status ends after an hour.
  local delayed = redis.call('ZRANGE', keys.delayed, delayedRank, delayedRank + count - 1)
  local parents = redis.call('ZRANGE', keys['waiting-children'], delayedRank, delayedRank + count - 1)
  compare(delayed, 'pending')
  compare(parents, 'pending')
  delayedRank = math.max(#delayed, #parents) == count and delayedRank + count or 0
end

if sumsAgree() then return { suspects, -1, '0', delayedRank } end

local ids = first >= 0 and redis.call('ZRANGE', keys.ids, first, first + count - 1) or {}
if #ids > 0 then
  local queued = redis.call('ZMSCORE', keys.queue, unpack(ids))
  local leased = redis.call('ZMSCORE', keys.leases, unpack(ids))
  local delayed = redis.call('ZMSCORE', keys.delayed, unpack(ids))
  local parents = redis.call('ZMSCORE', keys['waiting-children'], unpack(ids))
  local completed = redis.call('ZMSCORE', keys.completed, unpack(ids))
  local failed = redis.call('ZMSCORE', keys.failed, unpack(ids))
  local running = redis.call('SMISMEMBER', keys.processing, unpack(ids))
  for at, id in ipairs(ids) do
    local resting = queued[at] or delayed[at] or parents[at] or completed[at] or failed[at]
    local busy = leased[at] and running[at] == 1
    if not resting and not busy then suspects[#suspects + 1] = id end
  end
end

local cursor = ARGV[7]
if cursor ~= '' then
  local scanned = redis.call('SSCAN', keys.processing, cursor, 'COUNT', count)
  cursor = scanned[1]
  for _, id in ipairs(scanned[2]) do
    if not redis.call('ZSCORE', keys.leases, id) then suspects[#suspects + 1] = id end
  end
end
return { suspects, #ids == count and first + count or -1, cursor, delayedRank }
