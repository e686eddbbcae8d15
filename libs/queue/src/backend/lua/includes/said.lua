-- What workers say of their job types, and what follows from it. `<p>types:said` has it by worker, as the time in ms until which
-- it holds (0 = no end), a line break, and JSON: `untyped` (the type of jobs that name none) and `types`, by name:
--   `global`, `perProcess`  how many run at once, over all workers and in this one; absent = no limit
--   `off`                   the worker takes none, unless that was set at run time; `barred`: whatever was set
--   `version`               texts that sort as versions do
--   `ends`                  ms for which completed, failed and dead jobs are kept; -1 = as all are, or for dead: there are none
--@include context
--@exports said
said = {}

-- A worker that stood still for longer than its word holds may go on where it was: until it says it anew, its own limits are
-- remembered for so long, and those of types that nobody else has.
local KEPT_MS = 600000

function said.parsed(text)
  local ok, read = pcall(cjson.decode, text)
  return ok and type(read) == 'table' and read or nil
end

function said.isSame(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end
  for key, value in pairs(a) do
    if not said.isSame(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function amendedByHand(text)
  local given = cjson.decode(text)
  local _, json = string.match(redis.call('HGET', base .. 'types:said', '') or '', '^(%d+)\n(.*)$')
  local before = json and said.parsed(json) or { types = {} }
  for name, rule in pairs(given.types) do before.types[name] = rule or nil end
  before.untyped = given.untyped
  return next(before.types) ~= nil and cjson.encode(before) or ''
end

function said.note(who, text, lasts)
  if who == '' and text ~= '' then text = amendedByHand(text) end
  if text == '' then
    redis.call('HDEL', base .. 'types:said', who)
  else
    local ends = lasts > 0 and serverNow() + lasts or 0
    redis.call('HSET', base .. 'types:said', who, exact(ends) .. '\n' .. text)
  end
end

-- All that was said, by those who still live and by those who did not long ago, in an order that does not change.
local function heard()
  local flat = redis.call('HGETALL', base .. 'types:said')
  local live, lapsed = {}, {}
  for at = 1, #flat, 2 do
    local ends, json = string.match(flat[at + 1], '^(%d+)\n(.*)$')
    local read = json and said.parsed(json)
    ends = tonumber(ends)
    if not read or type(read.types) ~= 'table' or ends > 0 and ends + KEPT_MS < serverNow() then
      redis.call('HDEL', base .. 'types:said', flat[at])
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
local function settings()
  local flat, read = redis.call('HGETALL', base .. 'types:settings'), {}
  for at = 1, #flat, 2 do read[flat[at]] = said.parsed(flat[at + 1]) end
  return read
end

local function least(a, b)
  a, b = tonumber(a), tonumber(b)
  return a and b and math.min(a, b) or a or b
end

-- The word of some on each type, added to `sums` where it is not known there yet.
local function addUp(list, sums)
  local known = {}
  for name in pairs(sums) do known[name] = true end
  for _, one in ipairs(list) do
    for name, rule in pairs(one.types) do
      if not known[name] and type(rule) == 'table' then
        local sum = sums[name] or { rules = {}, version = '' }
        sums[name] = sum
        sum.global, sum.perProcess = least(sum.global, rule.global), least(sum.perProcess, rule.perProcess)
        sum.rules[#sum.rules + 1] = rule
        if type(rule.ends) == 'table' and (not sum.ends or tostring(rule.version) > sum.version) then
          sum.ends, sum.version = rule.ends, tostring(rule.version)
        end
      end
    end
  end
end

-- A limit as it was set at run time, else `own`.
local function limitFrom(set, kind, own)
  local given = type(set.concurrency) == 'table' and set.concurrency[kind]
  if given == cjson.null then return nil end
  return tonumber(given or nil) or tonumber(own or nil)
end

local function isShut(rule, set) return rule.barred or rule.off and set.enabled ~= true end

local function isShutEverywhere(rules, set)
  for _, rule in ipairs(rules) do
    if not isShut(rule, set) then return false end
  end
  return #rules > 0
end

-- Limits of single workers where they are not those of all others: 0 where the worker takes none, false for none. What was
-- written by hand holds for each.
local function ownLimits(lists, limits, sets, byHand)
  local own = {}
  for _, list in ipairs(lists) do
    for _, one in ipairs(list) do
      for name, rule in pairs(one.who ~= '' and one.types or {}) do
        local set, limit = sets[name] or {}, limits[name] or {}
        local least = least(rule.perProcess, (byHand[name] or {}).perProcess)
        local most = isShut(rule, set) and 0 or limitFrom(set, 'perProcess', least)
        if most ~= limit.perProcess and limit.global ~= 0 then
          limits[name] = limit
          own[one.who] = own[one.who] or {}
          own[one.who][name] = most or false
        end
      end
    end
  end
  return own
end

-- What holds: `types` as it stands in meta, and `ends` as in `<p>types:ends`.
function said.agree()
  local live, lapsed = heard()
  local sums, sets, limits, ends = {}, settings(), {}, {}
  addUp(live, sums)
  addUp(lapsed, sums)
  for name in pairs(sets) do sums[name] = sums[name] or { rules = {} } end
  for name, sum in pairs(sums) do
    local set = sets[name] or {}
    local limit = { global = limitFrom(set, 'global', sum.global), perProcess = limitFrom(set, 'perProcess', sum.perProcess) }
    if set.enabled == false or isShutEverywhere(sum.rules, set) then limit = { global = 0 } end
    if next(limit) then limits[name] = limit end
    if sum.ends then ends[name] = table.concat(sum.ends, ' ') end
  end
  local untyped, byHand = nil, {}
  for _, one in ipairs(live) do
    if one.who == '' then byHand = one.types end
    if type(one.untyped) == 'string' and not (untyped and untyped <= one.untyped) then untyped = one.untyped end
  end
  if next(ends) then ends[''] = untyped end
  return { types = { limits = limits, own = ownLimits({ live, lapsed }, limits, sets, byHand), untyped = untyped or '' }, ends = ends }
end

-- Writes what becomes of jobs that end, where it is not so already.
function said.writeEnds(ends)
  local flat, before = redis.call('HGETALL', base .. 'types:ends'), {}
  for at = 1, #flat, 2 do before[flat[at]] = flat[at + 1] end
  for name in pairs(before) do
    if not ends[name] then redis.call('HDEL', base .. 'types:ends', name) end
  end
  for name, rule in pairs(ends) do
    if before[name] ~= rule then redis.call('HSET', base .. 'types:ends', name, rule) end
  end
end
