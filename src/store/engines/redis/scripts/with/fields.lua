-- The fields of a map; `ends` is a sorted set of those that have a time to live, by their end.
local map, ends = KEYS[1], KEYS[2]
local atOnce = 4000

local function isOver(field)
  local at = redis.call('ZSCORE', ends, field)
  return at and tonumber(at) <= now()
end

-- The value of a field; false when it is absent, or its time is over: then it is deleted.
local function valueOf(field)
  local value = redis.call('HGET', map, field)
  if value and isOver(field) then
    redis.call('HDEL', map, field)
    redis.call('ZREM', ends, field)
    return false
  end
  return value
end

-- Deletes fields whose time is over, so many at most: others may wait for this. With changes.lua, since who watches is told which.
local function sweep(count)
  local over = redis.call('ZRANGEBYSCORE', ends, '-inf', now(), 'LIMIT', 0, count)
  if #over == 0 then return 0 end
  return telling(map, over, function()
    redis.call('HDEL', map, unpack(over))
    redis.call('ZREM', ends, unpack(over))
    return #over
  end)
end

-- ttl: milliseconds, 0 for ever, below 0 as before.
local function endAfter(field, ttl)
  if ttl == 0 then
    redis.call('ZREM', ends, field)
  elseif ttl > 0 then
    redis.call('ZADD', ends, now() + ttl, field)
    -- It lives no longer than the map.
    local left = redis.call('PTTL', map)
    if left > 0 then redis.call('PEXPIRE', ends, left) end
  end
end

local function isExpected(value, expected)
  if value then return expected == '=' .. value end
  return string.sub(expected, 1, 1) == '-'
end

