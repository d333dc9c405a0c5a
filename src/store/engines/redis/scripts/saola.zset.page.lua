-- saola.zset.page: The next members and their scores, lowest or highest first (UP, DOWN), after one; without one the first.
-- prelude
local zset, direction, count = KEYS[1], string.upper(ARGV[1]), math.min(integer(ARGV[2]), 10000)
if (direction ~= 'UP' and direction ~= 'DOWN') or #ARGV == 3 then fail('ERR syntax error') end
if count < 1 then return {} end

-- By bytes; the comparison of Lua follows the locale of the server.
local function isBefore(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- How many members are before this score and member, which may have gone.
local function countBefore(score, member)
  local low = redis.call('ZCOUNT', zset, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', zset, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if isBefore(redis.call('ZRANGE', zset, middle, middle)[1], member) then low = middle + 1 else high = middle end
  end
  return low
end

local size = redis.call('ZCARD', zset)
local from = direction == 'UP' and 0 or size - 1
if ARGV[3] then
  from = countBefore(ARGV[3], ARGV[4])
  local isThere = redis.call('ZRANGE', zset, from, from)[1] == ARGV[4]
  if direction == 'DOWN' then from = from - 1 elseif isThere then from = from + 1 end
end
if direction == 'UP' then return redis.call('ZRANGE', zset, from, from + count - 1, 'WITHSCORES') end
if from < 0 then return {} end
local first = size - 1 - from
return redis.call('ZREVRANGE', zset, first, first + count - 1, 'WITHSCORES')
