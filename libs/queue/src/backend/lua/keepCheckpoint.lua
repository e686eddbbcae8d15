-- Keeps how far a running job has come, for the next run of it.
-- Input   ARGV[5] id  ARGV[6] token of the claim  ARGV[7] state JSON
-- Output  1, or 0 when the claim is gone: lost, held by another, or ended by somebody else
-- Events  none
--@include held

checkTypes()
local id = ARGV[5]
if refusal(id, ARGV[6]) then return 0 end
redis.call('HSET', jobKey(id), 'checkpoint', ARGV[7])
return 1
