-- What workers say of their job types; `agreed` has what follows from it. `<p>types:declared` has it by worker, as the time in ms until which
-- it holds (0 = no end), a line break, and JSON: `untyped` (the type of jobs that name none) and `types`, by name:
--   `global`, `perProcess`  how many run at once, over all workers and in this one; absent = no limit
--   `off`                   the worker takes none, unless that was set at run time; `barred`: whatever was set
--   `version`               texts that sort as versions do
--   `ends`                  ms for which completed, failed and dead jobs are kept; -1 = as all are, or for dead: there are none
--@include context
--@exports declared
declared = {}

-- A worker that stood still for longer than its word holds may go on where it was: until it says it anew, its own limits are
-- remembered for so long, and those of types that nobody else has.
local KEPT_MS = 600000

function declared.parsed(text)
  local ok, read = pcall(cjson.decode, text)
  return ok and type(read) == 'table' and read or nil
end

function declared.isSame(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end
  for key, value in pairs(a) do
    if not declared.isSame(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function amendedByHand(text)
  local given = cjson.decode(text)
  local _, json = string.match(redis.call('HGET', base .. 'types:declared', '') or '', '^(%d+)\n(.*)$')
  local before = json and declared.parsed(json) or { types = {} }
  for name, rule in pairs(given.types) do before.types[name] = rule or nil end
  before.untyped = given.untyped
  return next(before.types) ~= nil and cjson.encode(before) or ''
end

function declared.note(who, text, lasts)
  if who == '' and text ~= '' then text = amendedByHand(text) end
  if text == '' then
    redis.call('HDEL', base .. 'types:declared', who)
  else
    local ends = lasts > 0 and serverNow() + lasts or 0
    redis.call('HSET', base .. 'types:declared', who, exact(ends) .. '\n' .. text)
  end
end

-- All that was declared, by those who still live and by those who did not long ago, in an order that does not change.
function declared.all()
  local flat = redis.call('HGETALL', base .. 'types:declared')
  local live, lapsed = {}, {}
  for at = 1, #flat, 2 do
    local ends, json = string.match(flat[at + 1], '^(%d+)\n(.*)$')
    local read = json and declared.parsed(json)
    ends = tonumber(ends)
    if not read or type(read.types) ~= 'table' or ends > 0 and ends + KEPT_MS < serverNow() then
      redis.call('HDEL', base .. 'types:declared', flat[at])
    else
      local list = (ends == 0 or ends > serverNow()) and live or lapsed
      list[#list + 1] = { who = flat[at], types = read.types, untyped = read.untyped }
    end
  end
  local function byName(a, b) return a.who < b.who end
  table.sort(live, byName)
  table.sort(lapsed, byName)
  return live, lapsed
end

-- What was set at run time, by type.
function declared.settings()
  local flat, read = redis.call('HGETALL', base .. 'types:settings'), {}
  for at = 1, #flat, 2 do read[flat[at]] = declared.parsed(flat[at + 1]) end
  return read
end

-- Writes what becomes of jobs that end, where it is not so already.
function declared.writeEnds(ends)
  local flat, before = redis.call('HGETALL', base .. 'types:ends'), {}
  for at = 1, #flat, 2 do before[flat[at]] = flat[at + 1] end
  for name in pairs(before) do
    if not ends[name] then redis.call('HDEL', base .. 'types:ends', name) end
  end
  for name, rule in pairs(ends) do
    if before[name] ~= rule then redis.call('HSET', base .. 'types:ends', name, rule) end
  end
end
