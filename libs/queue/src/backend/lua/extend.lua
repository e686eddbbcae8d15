-- Extends the leases of running jobs.
-- Input   ARGV[5] lease in ms from now  ARGV[6..] pairs of id and token
-- Output  ids whose claim is gone: lost, held by another, or ended by somebody else
-- Events  failed or completed, for jobs that a legacy service ended
--@include held

checkTypes()
local lost = {}
local ends = exact(serverNow() + tonumber(ARGV[5]))
for at = 6, #ARGV, 2 do
  local id = ARGV[at]
  if refusal(id, ARGV[at + 1]) then
    lost[#lost + 1] = id
  else
    redis.call('ZADD', keys.leases, 'XX', ends, id)
    redis.call('SADD', keys.processing, id)
  end
end
return lost
