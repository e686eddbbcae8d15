-- Parents and children, in one queue or in several. A job with children stands among `waiting-children`, is
-- `pending` to Go and not in `<p>queue`, until it is released. What becomes of a child is told to its parent
-- in the script that decides it, whoever ended the child. Options of a failure are BullMQ's: `fpof` fails the
-- parent, `cpof` lets it go on at once, `idof` notes the failure, `rdof` drops the child.
--@include context announce place wake later forget
--@exports settleIfEnded failIfForeign exists family

-- Most of it in one name: Lua allows 200 side by side, and few jobs have a parent.
family = {}

-- The key a job is known by outside its queue.
function family.memberKey(id) return base .. id end

-- Settles a job that a legacy service ended, and one whose runtime state is no hash; `settle` defines them, which
-- needs this part first.

function exists(id) return redis.call('EXISTS', stateKey(id), dataKey(id)) > 0 end

-- The parent of a job: id, options, and `base` of its queue; nil when it has none.
function family.parentOf(id)
  local text = redis.pcall('HGET', stateKey(id), 'parent')
  if type(text) ~= 'string' then return nil end
  local ok, parent = pcall(cjson.decode, text)
  if not ok or type(parent) ~= 'table' or type(parent.queueKey) ~= 'string' or parent.id == nil then return nil end
  parent.id = tostring(parent.id)
  parent.base = parent.queueKey .. ':'
  return parent
end

-- Refuses to start when another queue has keys of the wrong type; the error says which queue.
local function checkTypesIn(otherBase)
  if not within(otherBase, function() return (pcall(checkTypes)) end) then error({ err = 'WRONGTYPEIN ' .. otherBase }) end
end

function family.checkParentTypes(id)
  local parent = family.parentOf(id)
  if parent and parent.base ~= base then checkTypesIn(parent.base) end
end

-- What stands in the place of a parent's own keys and is of another type is set aside: it must not stop the
-- children, nor whoever ends them.
function family.setFamilyAside(id)
  for name, expected in pairs({ pending = 'set', processed = 'hash', ignored = 'hash', unsuccessful = 'zset' }) do
    local key = base .. name .. ':' .. id
    local found = redis.call('TYPE', key).ok
    if found ~= 'none' and found ~= expected then redis.call('RENAME', key, base .. 'foreign:' .. name .. ':' .. id) end
  end
end

-- Runs `act(parent)` in the queue of the parent of `id`. Returns nil when there is none, or its queue cannot be used.
function family.withParent(id, act)
  local parent, queue = family.parentOf(id), base
  if not parent then return nil end
  return within(parent.base, function()
    if base ~= queue and memo.isSound == nil then memo.isSound = pcall(checkTypes) end
    if memo.isSound == false then return nil end
    family.setFamilyAside(parent.id)
    return act(parent)
  end)
end

-- A waiting parent is pending and lasts, whatever a legacy service has written over its keys meanwhile.
function family.keepPending(id)
  if type(redis.pcall('GET', statusKey(id))) ~= 'table' then redis.call('SET', statusKey(id), 'pending') end
  persist(id)
end

-- Puts a job that waits for its children where it goes on: among the delayed ones when it has a delay, else at the head
-- of the line, or at the tail of its priority when it has one.
function family.release(id)
  if redis.call('ZREM', keys['waiting-children'], id) == 0 or failIfForeign(id) or settleIfEnded(id) then return end
  family.keepPending(id)
  local delay = tonumber(redis.call('HGET', jobKey(id), 'delay') or 0) or 0
  if delay > 0 then
    delayUntil(id, now + delay)
    emit('delayed', 'jobId', id, 'delay', exact(now + delay))
    armDue()
  else
    local priority = notedPriority(id)
    local score = exact(priority >= 3 and headScore(priority) or tailScore(priority))
    if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
    emit('waiting', 'jobId', id, 'prev', 'waiting-children')
    publish(id, 'pending')
    wakeWorker()
  end
end

function family.releaseIfReady(id)
  if redis.call('SCARD', pendingKey(id)) == 0 then family.release(id) end
end

-- Notes a parent that lost a child while jobs are being added; looked at when all their children are linked.
function family.touch(parentBase, id)
  call.touched = call.touched or {}
  call.touched[#call.touched + 1] = { base = parentBase, id = id }
end

function family.releaseTouched()
  local parents = call.touched or {}
  call.touched = false
  for _, parent in ipairs(parents) do within(parent.base, family.releaseIfReady, parent.id) end
end

-- A child failed that must not fail: the parent carries the reason to the next worker, which fails it.
local function failDeferred(id, reason)
  if not exists(id) or redis.call('ZSCORE', keys.failed, id) or failIfForeign(id) then return end
  redis.call('HSET', jobKey(id), 'deferredFailure', reason)
  if undelay(id) then
    redis.call('HSET', jobKey(id), 'delay', 0)
    redis.call('ZADD', keys['waiting-children'], exact(now), id)
  end
  family.release(id)
end

-- What is told to a parent that ended before its children ends with its other keys.
function family.endWithParent(id)
  local ends = redis.call('ZSCORE', keys.expiring, id)
  if not ends then return end
  for _, key in ipairs({ pendingKey(id), processedKey(id), ignoredKey(id), unsuccessfulKey(id) }) do
    redis.call('PEXPIREAT', key, exact(tonumber(ends)))
  end
end

-- A parent that is added again while it waits goes on waiting.
function family.stillWaits(id)
  return redis.call('ZSCORE', keys['waiting-children'], id) and redis.call('SCARD', pendingKey(id)) > 0
end

-- Tells the parent that a child completed with `value` (JSON).
function family.tellCompleted(id, value)
  local child = family.memberKey(id)
  family.withParent(id, function(parent)
    if redis.call('SREM', pendingKey(parent.id), child) == 0 then return end
    redis.call('HSET', processedKey(parent.id), child, value)
    family.endWithParent(parent.id)
    family.releaseIfReady(parent.id)
  end)
end

-- Tells the parent that a child failed for good. Without an option for it the parent goes on waiting: the
-- child may be retried.
function family.tellFailed(id, reason)
  local child = family.memberKey(id)
  family.withParent(id, function(parent)
    if not (parent.fpof or parent.cpof or parent.idof or parent.rdof) then return end
    if redis.call('SREM', pendingKey(parent.id), child) == 0 then return end
    if parent.fpof then
      redis.call('ZADD', unsuccessfulKey(parent.id), exact(now), child)
      failDeferred(parent.id, 'child ' .. child .. ' failed')
    elseif parent.cpof then
      redis.call('HSET', ignoredKey(parent.id), child, reason)
      family.release(parent.id)
    else
      if parent.idof then redis.call('HSET', ignoredKey(parent.id), child, reason) end
      family.releaseIfReady(parent.id)
    end
    family.endWithParent(parent.id)
  end)
end

-- A finished child runs again: its parent waits for it as before; with `onlyWaiting` only one that has not gone on.
function family.awaitAgain(id, onlyWaiting)
  local child = family.memberKey(id)
  family.withParent(id, function(parent)
    if not exists(parent.id) then return end
    if onlyWaiting and not redis.call('ZSCORE', keys['waiting-children'], parent.id) then return end
    local known = redis.call('HDEL', processedKey(parent.id), child) + redis.call('HDEL', ignoredKey(parent.id), child)
      + redis.call('ZREM', unsuccessfulKey(parent.id), child)
    if known == 0 then return end
    redis.call('SADD', pendingKey(parent.id), child)
    family.endWithParent(parent.id)
  end)
end
