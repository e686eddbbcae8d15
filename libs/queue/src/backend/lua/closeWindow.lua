-- Lets no worker start a job for a while, whatever the limits are.
-- Input   ARGV[5] ms
-- Output  0
--@include context

checkTypes()
redis.call('SET', keys.limiter, 'closed', 'PX', ARGV[5])
return 0
