-- Reads batches; changes nothing.
-- Input   ARGV[5..] ids
-- Output  for each { flat fields, held, open, how many of the open ones run }, or false when there is none
--@include batches

local found = {}
for at = 5, #ARGV do
  local id = ARGV[at]
  local fields = redis.pcall('HGETALL', batches.key(id))
  if fields.err or #fields == 0 then
    found[#found + 1] = false
  else
    found[#found + 1] = {
      fields,
      redis.call('ZCARD', batches.heldKey(id)),
      redis.call('SCARD', batches.openKey(id)),
      redis.call('SINTERCARD', 2, batches.openKey(id), keys.processing),
    }
  end
end
return found
