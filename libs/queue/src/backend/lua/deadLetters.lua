-- Finds dead letters; looks at 500 a call.
-- Input   ARGV[5] type, or '' for all  ARGV[6] type of jobs that name none  ARGV[7] '1' = the newest first
--         ARGV[8] how many of them to pass over  ARGV[9] latest time of death in ms, or '+inf'
-- Output  { ids that fit, how many were looked at }
--@include context

local LOOK = 500
local wanted = ARGV[5]
local ids
if ARGV[7] == '1' then
  ids = redis.call('ZRANGE', keys.dead, ARGV[9], '-inf', 'BYSCORE', 'REV', 'LIMIT', ARGV[8], LOOK)
else
  ids = redis.call('ZRANGE', keys.dead, '-inf', ARGV[9], 'BYSCORE', 'LIMIT', ARGV[8], LOOK)
end
if wanted == '' then return { ids, #ids } end

local fitting = {}
for _, id in ipairs(ids) do
  -- An end leaves no job without a state of its own, nor a plain one.
  local name = redis.pcall('HGET', stateKey(id), 'name')
  if type(name) ~= 'string' then name = ARGV[6] end
  if name == wanted then fitting[#fitting + 1] = id end
end
return { fitting, #ids }
