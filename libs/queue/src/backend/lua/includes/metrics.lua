-- Metrics: how many jobs ended, and how many in each minute. A queue collects them while `metrics` in meta says
-- for how many minutes. `metrics:<end>` holds the sum (`count`), the time of the first end in the newest minute
-- (`prevTS`), the sum before that minute (`prevCount`) and the first minute kept (`first`);
-- `metrics:<end>:data` holds the minutes before the newest that had ends, as `<minute>:<ends>`.
--@include context
--@exports MINUTE wantMetrics countEnds

MINUTE = 60000

-- A worker wants metrics of so many minutes; 0 ends collecting, nil wants nothing.
function wantMetrics(points)
  if points == nil then return end
  local wanted = points > 0 and exact(points)
  if setting('metrics') == wanted then return end
  if wanted then
    redis.call('HSET', keys.meta, 'metrics', wanted)
  else
    redis.call('HDEL', keys.meta, 'metrics')
  end
  forgetSettings()
end

-- Counts ends of jobs, if the queue collects: 'completed', 'failed', or 'cancelled', which is listed among the
-- failed too.
function countEnds(ending, number)
  local points = tonumber(setting('metrics'))
  if not points then return end
  local key = keys['metrics:' .. (ending == 'completed' and 'completed' or 'failed')]
  local known = redis.call('HMGET', key, 'count', 'prevTS', 'prevCount', 'first')
  local before, since = tonumber(known[1]) or 0, tonumber(known[2])
  local minute = math.floor(now / MINUTE)
  if not since then
    redis.call('HSET', key, 'count', exact(before + number), 'prevTS', exact(now), 'prevCount', exact(before), 'first', exact(minute))
    return
  end
  redis.call('HSET', key, 'count', exact(before + number))
  local newest = math.floor(since / MINUTE)
  -- The callers' clocks may differ: a time before the newest minute counts in it.
  if minute <= newest then return end
  local oldest = minute - points
  redis.call('ZADD', key .. ':data', exact(newest), exact(newest) .. ':' .. exact(before - (tonumber(known[3]) or 0)))
  redis.call('ZREMRANGEBYSCORE', key .. ':data', '-inf', '(' .. exact(oldest))
  redis.call('HSET', key, 'prevTS', exact(now), 'prevCount', exact(before),
    'first', exact(math.max(tonumber(known[4]) or newest, oldest)))
end
