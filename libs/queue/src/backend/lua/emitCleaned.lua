-- Says how many jobs a cleaning removed, which takes several calls.
-- Input   ARGV[5] number of jobs
-- Output  0
-- Events  cleaned
--@include announce

emit('cleaned', 'count', ARGV[5])
return 0
