-- Cancels jobs of a batch that have not ended, those that are held first; running handlers are told. From the first call on none is
-- released any more.
-- Input   ARGV[5] id of the batch  ARGV[6] reason  ARGV[7] most jobs
-- Output  how many are left; -1 no such batch, -2 it had finished
-- Events  failed. Contract: status_updated, job_cancelled
--@include batchcancel

checkTypes()
return cancelOfBatch(ARGV[5], ARGV[6], tonumber(ARGV[7]))
