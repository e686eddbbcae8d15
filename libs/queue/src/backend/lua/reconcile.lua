-- Brings jobs into order that legacy services changed, or that a crash dropped.
-- Input   ARGV[5] ms a job must be missing before it is put back  ARGV[6] how often a job may stall before it is failed
--         ARGV[7..] ids
-- Output  ids put back
-- Events  added, waiting, active, completed, failed, stalled. Contract: status_updated
--@include orphan

checkTypes()
local grace, maxStalls = tonumber(ARGV[5]), tonumber(ARGV[6])
local back = {}
for at = 7, #ARGV do
  if lookAfter(ARGV[at], grace, maxStalls) then back[#back + 1] = ARGV[at] end
end
return back
