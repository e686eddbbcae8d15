-- Tells how long no job may start.
-- Input   ARGV[5] most starts in a window, '0' = the queue's own limit
-- Output  ms of the window to go; 0 when the maximum is not reached; without any maximum -2 when no window is open
--@include limits

local most = tonumber(ARGV[5])
if most == 0 then most = tonumber(setting('max')) end
if most then return limitedFor(most) end
return redis.call('PTTL', keys.limiter)
