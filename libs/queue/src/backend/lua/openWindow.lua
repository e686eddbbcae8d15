-- Ends the window of the rate limit, counted or closed by hand: jobs may start at once.
-- Output  1, or 0 when none was open
--@include wake

checkTypes()
local open = redis.call('UNLINK', keys.limiter)
if redis.call('ZCARD', keys.queue) > 0 then wakeWorker() end
return open
