-- Gives a deduplication id free when a certain job holds it.
-- Input   ARGV[5] deduplication id  ARGV[6] id of the job
-- Output  1 when it held it, else 0
--@include discard

if redis.call('GET', deduplicationKey(ARGV[5])) ~= ARGV[6] then return 0 end
return redis.call('DEL', deduplicationKey(ARGV[5]))
