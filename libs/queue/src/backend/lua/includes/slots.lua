-- Noticing that legacy services ended jobs, where a limit needs to know at once.
--@include settle
--@exports recordEnds

-- Records such ends among the running jobs; the longest leases, which legacy services get, come first.
function recordEnds(limit)
  local ids = redis.call('ZREVRANGE', keys.leases, 0, limit - 1)
  if #ids == 0 then return end
  for at, running in ipairs(redis.call('SMISMEMBER', keys.processing, unpack(ids))) do
    if running == 0 then settleIfEnded(ids[at]) end
  end
end
