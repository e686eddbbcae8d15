-- Ids that jobs have.
--@include context forget
--@exports isTaken

-- Whether anything of a job with this id is there. What has expired makes room.
function isTaken(id)
  dropIfExpired(id)
  return redis.call('EXISTS', statusKey(id), dataKey(id), resultKey(id), stateKey(id)) > 0 or redis.call('HEXISTS', keys.plain, id) == 1
end
