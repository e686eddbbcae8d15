-- Numbers that serve as ids of jobs that were given none. Every job that is added counts, as BullMQ's users know it.
--@include context family collected
--@exports reserve nextNumber nextId giveBack

local function idOf(number) return string.format('%d', number) end

-- Takes numbers for that many jobs at once. With `asIds` it is looked whether they are ids already.
function reserve(count, asIds)
  local last = redis.call('INCRBY', keys.counter, count)
  local collected, ids, names = batch(), {}, {}
  collected.first, collected.number, collected.last, collected.ids = last - count, last - count, last, ids
  if not asIds then return end
  for nth = 1, count do
    local id = idOf(last - count + nth)
    ids[nth] = id
    names[2 * nth - 1], names[2 * nth] = stateKey(id), dataKey(id)
  end
  collected.areFree = countKeys(names) == 0
end

function nextNumber(collected)
  if not collected.number or collected.number >= collected.last then
    collected.areFree, collected.first, collected.ids = false, 0, {}
    return redis.call('INCR', keys.counter)
  end
  collected.number = collected.number + 1
  return collected.number
end

function nextId(collected)
  while true do
    local number = nextNumber(collected)
    local id = collected.ids[number - collected.first] or idOf(number)
    if not (collected.bands[id] or (not collected.areFree and exists(id))) then return id end
  end
end

-- Gives back what no job took after all.
function giveBack(collected)
  if collected.number and collected.number < collected.last then
    redis.call('DECRBY', keys.counter, collected.last - collected.number)
  end
end
