-- Deduplication: the first job with an id holds it, as long as its options say; later ones are dropped, take
-- its place while it is delayed, or wait to follow it.
--@include context announce discard collected later
--@exports isRunning deduplicate

-- Notes who holds the id. With `keepLastIfActive` it is held until the job ends, whatever `ttl` says.
local function holdDeduplication(options, id)
  local held = deduplicationKey(options.id)
  local ms = tonumber(options.ttl) or 0
  if ms > 0 and not options.keepLastIfActive then
    redis.call('SET', held, id, 'PX', exact(ms))
  else
    redis.call('SET', held, id)
  end
end

local function emitDeduplicated(options, holder, dropped)
  emit('deduplicated', 'jobId', holder, 'deduplicationId', options.id, 'deduplicatedJobId', dropped)
end

function isRunning(id)
  return redis.call('ZSCORE', keys.leases, id) or redis.call('SISMEMBER', keys.processing, id) == 1
end

-- Keeps the job that follows a running one; the latest wins.
local function succeed(options, holder, id, listed)
  if not options.keepLastIfActive or not isRunning(holder) then return false end
  local successor = successorKey(options.id)
  redis.call('DEL', successor)
  redis.call('RPUSH', successor, unpack(listed()))
  redis.call('PERSIST', deduplicationKey(options.id))
  emitDeduplicated(options, holder, id)
  return true
end

-- Decides about a job with deduplication options that is about to be added as `id`. Returns the id of the
-- job it is dropped for, or nil when it is to be added, which then holds the id. `listed()` gives the job as `toList` does.
function deduplicate(options, id, listed)
  local held = deduplicationKey(options.id)
  local holder = redis.call('GET', held)
  -- A holder that disappeared without a word would hold an id without a time for ever.
  local isLost = holder and not exists(holder) and redis.call('PTTL', held) == -1
  if not holder or isLost then
    holdDeduplication(options, id)
    return nil
  end
  -- A parked one only waits for its turn.
  if options.replace and not redis.call('ZSCORE', keys.parked, holder) and undelay(holder) then
    local parent, child = family.parentOf(holder), family.memberKey(holder)
    if parent then
      within(parent.base, function() redis.call('SREM', pendingKey(parent.id), child) end)
      family.touch(parent.base, parent.id)
    end
    uncollect(holder)
    forget(holder)
    emit('removed', 'jobId', holder, 'prev', 'delayed')
    emitDeduplicated(options, id, holder)
    if options.keepLastIfActive or options.extend or (tonumber(options.ttl) or 0) <= 0 then
      holdDeduplication(options, id)
    else
      redis.call('SET', held, id, 'KEEPTTL')
    end
    return nil
  end
  if succeed(options, holder, id, listed) then return holder end
  if options.extend and not options.replace and (tonumber(options.ttl) or 0) > 0 then holdDeduplication(options, holder) end
  if not options.replace then emitDeduplicated(options, holder, id) end
  return holder
end
