-- Pauses or resumes the queue. Pausing is a flag: jobs stay where they are and no worker of Drover claims any.
-- Input   ARGV[5] '1' = pause
-- Output  0
-- Events  paused or resumed
--@include announce wake

if ARGV[5] == '1' then
  redis.call('HSET', keys.meta, 'paused', 1)
  redis.call('DEL', keys.wakeup)
  emit('paused')
  return 0
end
redis.call('HDEL', keys.meta, 'paused')
emit('resumed')
if hasWaiting() then wakeWorker() end
armDue()
return 0
