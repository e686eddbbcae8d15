-- Who holds a running job. Codes are BullMQ's.
--@include context settle

-- Returns nil when `token` may finish or move the running job `id`; otherwise the negative code:
-- -1 no such job, -3 not running, -2 its claim is gone (lease lost, or taken back by a legacy service),
-- -6 another claim holds it. Token '0' asks for no claim.
local function refusal(id, token)
  if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
  local leased = redis.call('ZSCORE', keys.leases, id)
  local held = redis.call('HGET', jobKey(id), 'token')
  if not leased then return token ~= '0' and held ~= token and -2 or -3 end
  if settleIfEnded(id) then return -2 end
  if redis.pcall('GET', statusKey(id)) == 'pending' and redis.call('SISMEMBER', keys.processing, id) == 0 then return -2 end
  if token == '0' or held == token then return nil end
  return held and -6 or -2
end

-- Ends the claim of a running job.
local function letGo(id)
  redis.call('ZREM', keys.leases, id)
  redis.call('SREM', keys.processing, id)
  redis.call('HDEL', jobKey(id), 'token')
end
