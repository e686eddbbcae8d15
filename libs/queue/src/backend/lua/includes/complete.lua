-- Completing plain jobs, which most ends are: those of one call are read and written together. What is not so simple is left
-- to `report`. Written for little Lua, see `claim`.
--@include context typelimits run announce forget finish metrics typeMetrics
--@exports findPlain completePlain evictAsAsked

-- Plain jobs that may just complete, in rows: which report of the call it is, id, key of the status, text of the run.
local nths, ids, statusKeys, texts = {}, {}, {}, {}
local listed, expiring = {}, {}

-- Enters the reports that say no more than that a plain job completed which runs under their token, in order. Returns how
-- many there are, and their numbers among the reports of the call.
function findPlain(reports)
  local count, plain = 0, 0
  for nth = 1, reports.count do
    local mode = reports.modes[nth]
    if mode.target == 'completed' and not mode.fields[1] then
      count = count + 1
      local id = ARGV[reports.before + 4 * nth]
      nths[count], ids[count], statusKeys[count] = nth, id, base .. 'status:' .. id
    end
  end
  if count == 0 then return 0, nths end
  local runs = redis.call('HMGET', keys.runs, unpack(ids, 1, count))
  local statuses = redis.call('MGET', unpack(statusKeys, 1, count))
  for row = 1, count do
    local nth, text = nths[row], runs[row]
    if statuses[row] == 'running' and isPlainRun(text, ARGV[reports.before + 4 * nth + 1]) then
      plain = plain + 1
      texts[plain] = text
      if plain < row then nths[plain], ids[plain], statusKeys[plain] = nth, ids[row], statusKeys[row] end
    end
  end
  return plain, nths
end

-- Keeps those of the rows `first` to `last` for which `isKept(row)` is true. Returns the last row that is kept, and the
-- numbers of the others' reports, behind those in `others`.
local function sift(first, last, others, isKept)
  local kept = first - 1
  others = others or {}
  for row = first, last do
    if isKept(row) then
      kept = kept + 1
      nths[kept], ids[kept], statusKeys[kept], texts[kept] = nths[row], ids[row], statusKeys[row], texts[row]
    else
      others[#others + 1] = nths[row]
    end
  end
  return kept, others
end

-- Keeps the rows whose run is as it was read: ends that were carried out meanwhile may have changed it.
local function siftUnchanged(first, last)
  local now = redis.call('HMGET', keys.runs, unpack(ids, first, last))
  return sift(first, last, nil, function(row) return now[row - first + 1] == texts[row] end)
end

-- Keeps the first row of each job.
local function siftFirst(first, last, others)
  local seen = {}
  return sift(first, last, others, function(row)
    local isFirst = not seen[ids[row]]
    seen[ids[row]] = true
    return isFirst
  end)
end

-- Emits the ends. An error, which only the first can meet, takes back what was done before.
local function announce(reports, first, last)
  local problem = problemWith(emitCompleted, ids[first], ARGV[reports.before + 4 * nths[first] + 2])
  if problem then
    redis.call('SADD', keys.processing, unpack(ids, first, last))
    error({ err = problem })
  end
  for row = first + 1, last do emitCompleted(ids[row], ARGV[reports.before + 4 * nths[row] + 2]) end
end

-- Writes the ends into status, result and run. Returns the strings, four for each row.
local function write(reports, first, last)
  local runs, strings, at = {}, { '', '', '', '' }, 0
  for row = first, last do
    local id = ids[row]
    runs[at / 2 + 1], runs[at / 2 + 2] = id, texts[row] .. ARGV[1]
    strings[at + 1], strings[at + 2] = statusKeys[row], 'completed'
    strings[at + 3], strings[at + 4] = base .. 'results:' .. id, ARGV[reports.before + 4 * nths[row] + 2]
    at = at + 4
  end
  redis.call('HSET', keys.runs, unpack(runs))
  redis.call('MSET', unpack(strings))
  return strings
end

-- Evicts as `mode` asks, once: `asked` has those that were carried out.
function evictAsAsked(mode, asked)
  if asked[mode] or mode.keep == 0 or (mode.keep < 0 and mode.age <= 0) then return end
  asked[mode] = true
  evict(keys[mode.target], mode.keep, mode.age, mode.limit)
end

-- Lists the ended jobs, each for as long as it is to be kept.
local function list(reports, first, last, strings)
  local usual = ttl > 0 and exact(serverNow() + ttl)
  local kept, ending, evicted, keepsAll = 0, 0, nil, true
  for row = first, last do
    local id, mode = ids[row], reports.modes[nths[row]]
    if mode.keep == 0 then
      evicted = evicted or {}
      evicted[#evicted + 1] = id
    else
      kept = kept + 2
      listed[kept - 1], listed[kept] = mode.keep > 0 and timeOfEnd('completed') or ARGV[1], id
      keepsAll = keepsAll and mode.keep < 0 and mode.age <= 0
      local ends = mode.ttl and exact(serverNow() + mode.ttl) or usual
      if ends then
        ending = ending + 2
        expiring[ending - 1], expiring[ending] = ends, id
        redis.call('PEXPIREAT', statusKeys[row], ends)
        redis.call('PEXPIREAT', strings[4 * (row - first) + 3], ends)
        redis.call('PEXPIREAT', base .. 'data:' .. id, ends)
      else
        persist(id)
      end
    end
  end
  if kept > 0 then redis.call('ZADD', keys.completed, unpack(listed, 1, kept)) end
  if ending > 0 then redis.call('ZADD', keys.expiring, unpack(expiring, 1, ending)) end
  if evicted then forgetPlain(evicted) end
  if keepsAll then return end
  local asked = {}
  for row = first, last do evictAsAsked(reports.modes[nths[row]], asked) end
end

-- Counts the ended runs by type, for those who report under one.
local function countTyped(reports, first, last)
  for row = first, last do
    local counts = reports.modes[nths[row]].counts
    if counts then countRun(counts, 'ok', tonumber(string.match(texts[row], '\n(%d+) '))) end
  end
end

-- Completes the jobs in the rows `first` to `last`. With `isLate` other ends were carried out since the rows were found.
-- Returns how many were completed, and the numbers of reports that are not so simple after all, or nil.
function completePlain(reports, first, last, isLate)
  local others
  if isLate then last, others = siftUnchanged(first, last) end
  if last < first then return 0, others end
  -- These two come first: whether their keys are of the right type is not looked at before, see `checkUsualTypes`. One that
  -- is missing among the running may be reported twice.
  if redis.call('SREM', keys.processing, unpack(ids, first, last)) < last - first + 1 then
    last, others = siftFirst(first, last, others)
  end
  announce(reports, first, last)
  redis.call('ZREM', keys.leases, unpack(ids, first, last))
  limited.leaveAll(ids, first, last)
  -- A legacy service may have added it again while it ran.
  if memo.isAdded then redis.call('ZREM', keys.queue, unpack(ids, first, last)) end
  local strings = write(reports, first, last)
  for row = first, last do
    if memo.isUnheard then break end
    publish(ids[row], 'completed', 'job_completed')
  end
  list(reports, first, last, strings)
  countEnds('completed', last - first + 1)
  if reports.isCounted then countTyped(reports, first, last) end
  return last - first + 1, others
end
