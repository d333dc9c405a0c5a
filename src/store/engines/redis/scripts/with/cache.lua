-- A cache: a hash of entries, each a line of JSON `[fresh until, tag, version, …]` and its value; `ttl` has the ends of
-- entries, `uses` when each was used, `sizes` their bytes, and under the empty name the sum. Versions of tags are in a hash
-- beside the cache, whose name the owner of a folder uses, too.
local entryBytes = 100
local evictedAtOnce = 100
local wholeCache = ''

local function tagsKeyOf(cache)
  if string.find(cache, '{[^}]+}') then return cache .. ':tags' end
  return '{' .. cache .. '}:tags'
end

local function versionOf(tags, tag)
  return tonumber(redis.call('HGET', tags, tag) or '0')
end

-- An entry whose time is not over; false when there is none.
local function entryOf(cache, ttl, field, at)
  local bytes = redis.call('HGET', cache, field)
  if not bytes then return false end
  local ends = redis.call('ZSCORE', ttl, field)
  if ends and tonumber(ends) <= at then return false end
  return bytes
end

local function resize(sizes, field, bytes)
  local before = tonumber(redis.call('HGET', sizes, field) or '0')
  if bytes then redis.call('HSET', sizes, field, bytes) else redis.call('HDEL', sizes, field) end
  local sum = redis.call('HINCRBY', sizes, '', (bytes or 0) - before)
  if sum <= 0 and not bytes then redis.call('HDEL', sizes, '') end
end

-- Whether there was such an entry, and its time was not over.
local function drop(keys, field, at)
  local ends = redis.call('ZSCORE', keys.ttl, field)
  redis.call('ZREM', keys.ttl, field)
  redis.call('ZREM', keys.uses, field)
  resize(keys.sizes, field, nil)
  local had = redis.call('HDEL', keys.cache, field) == 1
  return had and not (ends and tonumber(ends) <= at)
end

local function usedNow(uses)
  local last = redis.call('ZREVRANGE', uses, 0, 0, 'WITHSCORES')[2]
  return math.max(micros(), tonumber(last or '0') + 1)
end

-- Those whose time is over, then those that were used least recently; some at once, and the rest at the next write.
local function evict(keys, entriesMax, bytesMax, at)
  local over = redis.call('ZRANGEBYSCORE', keys.ttl, '-inf', string.format('%.0f', at), 'LIMIT', 0, evictedAtOnce)
  for _, field in ipairs(over) do drop(keys, field, at) end
  local left = evictedAtOnce
  while left > 0 do
    local bytes = tonumber(redis.call('HGET', keys.sizes, '') or '0')
    local isRoom = (entriesMax == 0 or redis.call('ZCARD', keys.uses) <= entriesMax) and (bytesMax == 0 or bytes <= bytesMax)
    local oldest = not isRoom and redis.call('ZRANGE', keys.uses, 0, 0)[1]
    if not oldest then return end
    drop(keys, oldest, at)
    left = left - 1
  end
end

local function cacheKeys()
  return { cache = KEYS[1], ttl = KEYS[2], uses = KEYS[3], sizes = KEYS[4] }
end

-- A lock beside the cache, whoever holds it. Its name has a tag always.
local function removeLock(lock, at)
  if redis.call('DEL', lock) == 0 then return end
  local rest = '{' .. string.match(lock, '{([^}]+)}') .. '}:' .. lock
  wakeFirst('saola:queue:' .. rest, 'saola:alive:' .. rest, at)
end
