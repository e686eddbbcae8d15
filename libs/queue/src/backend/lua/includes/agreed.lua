-- What follows from what workers say of their types (see `declared`) and from what was set at run time, and from nothing else: the limits
-- as `typelimits` reads them, and what becomes of jobs that end.
--@include declared
--@exports agree

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
function agree()
  local live, lapsed = declared.all()
  local sums, sets, limits, ends = {}, declared.settings(), {}, {}
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
