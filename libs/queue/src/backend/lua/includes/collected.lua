-- What is known and collected of the current queue while jobs are added to it, until it is flushed.
--@include context family
--@exports batch uncollect giveState isKnown countKeys lookUp

-- To be written: strings and their values, places and index with scores, ids and states of plain jobs. Of the jobs: their
-- ids in order, the same as JSON, their priorities by id, and the ids of those that are to have a state of their own. Of
-- ids that callers chose: those without keys, and those listed as finished.
function batch()
  local collected = memo.batch
  if not collected then
    collected = {
      count = 0,
      strings = {}, places = {}, index = {}, plain = {},
      added = {}, quoted = {}, bands = {},
      unused = {}, listed = {}, stateful = {},
    }
    memo.batch = collected
  end
  return collected
end

-- Takes back a delayed job that was collected in this call: another one replaces it.
function uncollect(id)
  local collected = batch()
  if not collected.bands[id] then return end
  for at = collected.count, 1, -1 do
    if collected.added[at] == id then
      for _ = 1, 4 do table.remove(collected.strings, 4 * at - 3) end
      for _ = 1, 2 do table.remove(collected.index, 2 * at - 1) end
      table.remove(collected.added, at)
      table.remove(collected.quoted, at)
      collected.count = collected.count - 1
    end
  end
  collected.bands[id] = nil
end

-- A job that gets a child is no longer plain: its end has to look at its children.
function giveState(id)
  local collected = memo.batch
  if collected and collected.bands[id] then
    collected.stateful[#collected.stateful + 1] = id
  else
    jobKey(id)
  end
end

function isKnown(id)
  local collected = batch()
  if collected.bands[id] then return true end
  return not collected.unused[id] and exists(id)
end

-- How many of these keys there are.
function countKeys(names)
  local count = 0
  for from = 1, #names, 1000 do
    count = count + redis.call('EXISTS', unpack(names, from, math.min(from + 999, #names)))
  end
  return count
end

-- Looks which of the ids that callers chose are used in the current queue; seldom one is.
function lookUp(ids)
  local collected, names = batch(), {}
  for at, id in ipairs(ids) do
    names[4 * at - 3], names[4 * at - 2], names[4 * at - 1], names[4 * at] = statusKey(id), dataKey(id), resultKey(id), stateKey(id)
  end
  local areUnused = countKeys(names) == 0
  for at, id in ipairs(ids) do
    if areUnused or redis.call('EXISTS', unpack(names, 4 * at - 3, 4 * at)) == 0 then collected.unused[id] = true end
  end
  for from = 1, #ids, 1000 do
    local to = math.min(from + 999, #ids)
    for at, ends in ipairs(redis.call('ZMSCORE', keys.expiring, unpack(ids, from, to))) do
      if ends then collected.listed[ids[from + at - 1]] = true end
    end
  end
end
