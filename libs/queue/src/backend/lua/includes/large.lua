-- Writing many entries at once into a sorted set or a hash of the queue.
--@include context
--@exports writeMany

-- Redis keeps a small sorted set or hash as a list, in which every write searches from the front. A long member makes it
-- the kind it would be with many, and it stays so when that leaves. Worth it for so many entries at once:
local MANY = 8
local LONG = '-----------------------------------------------------------------'
local KINDS = {
  ZADD = { large = 'skiplist', first = 0, second = LONG, remove = 'ZREM' },
  HSET = { large = 'hashtable', first = LONG, second = '', remove = 'HDEL' },
}

-- Calls `command` ('ZADD' or 'HSET') on a key with the first `count` pairs of `entries`.
function writeMany(command, key, entries, count)
  local kind = KINDS[command]
  local isList = count >= MANY and redis.pcall('OBJECT', 'ENCODING', key) ~= kind.large
  if isList then redis.call(command, key, kind.first, kind.second) end
  redis.call(command, key, unpack(entries, 1, 2 * count))
  if isList then redis.call(kind.remove, key, LONG) end
end
