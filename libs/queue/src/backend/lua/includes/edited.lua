-- Giving a job another payload. The new document is made from the one that was read before: it is written only where that still stands.
--@include context
--@exports isDocument writePayload

-- Whether the job's document is the one whose SHA-1 this is.
function isDocument(id, digest)
  local text = redis.pcall('GET', dataKey(id))
  return redis.sha1hex(type(text) == 'string' and text or '') == digest
end

-- `payload` is JSON; '' for a legacy job, whose document is all there is.
function writePayload(id, payload, document)
  if payload ~= '' then redis.call('HSET', jobKey(id), 'data', payload) end
  redis.call('SET', dataKey(id), document, 'KEEPTTL')
end
