-- Claims the best job with a lease, after making due delayed jobs ready and adopting what legacy services added.
-- Input   ARGV[5] token of the claim  ARGV[6] lease in ms  ARGV[7] worker's name or ''
--         ARGV[8] ids to leave to other workers, JSON array, or ''  ARGV[9] worker's terms, JSON, or ''
-- Output  { flat fields or false, id or '', ms of a rate limit or 0, time in ms of the next delayed job or 0 }
-- Events  active; waiting (promoted, adopted). Contract: status_updated
--@include claim

checkTypes()
return claimNext(ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9])
