-- saola.list.splice: Removes so many elements from an index on and puts others in their place; returns the removed.
-- prelude
-- with: elements
local start, count = integer(ARGV[1]), math.max(0, integer(ARGV[2]))
local length = redis.call('LLEN', list)
if start < 0 then start = math.max(0, start + length) else start = math.min(start, length) end
count = math.min(count, length - start)
local added = #ARGV - 2
local removed = count > 0 and redis.call('LRANGE', list, start, start + count - 1) or {}
if count == 0 and added == 0 then return removed end

local function push(command, values)
  for from = 1, #values, atOnce do
    redis.call(command, list, unpack(values, from, math.min(#values, from + atOnce - 1)))
  end
end

local values = {}
for i = 3, #ARGV do values[#values + 1] = ARGV[i] end

if start + count == length then
  -- At the end: it may grow before it shrinks, which may be refused.
  push('RPUSH', values)
  if count > 0 then
    local tail = redis.call('LRANGE', list, length, -1)
    if #tail == 0 then redis.call('LTRIM', list, 0, start - 1)
    elseif start == 0 then redis.call('LTRIM', list, length, -1)
    else
      redis.call('LTRIM', list, 0, start - 1)
      push('RPUSH', tail)
    end
    if start == 0 and added == 0 then redis.call('DEL', list) end
  end
  return removed
end

-- What is nearer to an end is written anew on that side.
keepingEnd(function()
  redis.call('LSET', list, start, redis.call('LINDEX', list, start))
  if start < length - start - count then
    local head = start > 0 and redis.call('LRANGE', list, 0, start - 1) or {}
    redis.call('LTRIM', list, start + count, -1)
    for _, value in ipairs(values) do head[#head + 1] = value end
    local reversed = {}
    for i = #head, 1, -1 do reversed[#reversed + 1] = head[i] end
    push('LPUSH', reversed)
  else
    local tail = redis.call('LRANGE', list, start + count, -1)
    if start == 0 then redis.call('DEL', list) else redis.call('LTRIM', list, 0, start - 1) end
    push('RPUSH', values)
    push('RPUSH', tail)
  end
end)
return removed
