-- saola.list.sort: Sorts by bytes, ascending or descending; with NUMERIC, by numbers where there are, which come before all else.
-- companions: new
-- prelude
-- with: elements
local isDown, isNumeric = false, false
for _, argument in ipairs(ARGV) do
  local word = string.upper(argument)
  if word == 'DESC' then isDown = true
  elseif word == 'NUMERIC' then isNumeric = true
  elseif word ~= 'ASC' then fail('ERR syntax error') end
end
local order = isDown and 'DESC' or 'ASC'
local length = redis.call('LLEN', list)
local rest = KEYS[2]

-- As JSON writes a number.
local function isNumber(text)
  local digits = string.match(text, '^%-?(%d+)$') or string.match(text, '^%-?(%d+)%.%d+$')
    or string.match(text, '^%-?(%d+)[eE][%+%-]?%d+$') or string.match(text, '^%-?(%d+)%.%d+[eE][%+%-]?%d+$')
  return digits and (digits == '0' or string.sub(digits, 1, 1) ~= '0')
end

-- Moves all that are no numbers to a list of their own.
local function setApart()
  redis.call('DEL', rest)
  for _ = 1, length, atOnce do
    local numbers, others = {}, {}
    for _, element in ipairs(redis.call('LPOP', list, math.min(atOnce, length))) do
      local part = isNumber(element) and numbers or others
      part[#part + 1] = element
    end
    if #others > 0 then redis.call('RPUSH', rest, unpack(others)) end
    if #numbers > 0 then redis.call('RPUSH', list, unpack(numbers)) end
  end
end

-- Numbers that Redis takes for none, as they are too near to 0 for it, are sorted here.
local function sortNumbers()
  if type(redis.pcall('SORT', list, order, 'STORE', list)) == 'number' then return end
  local numbers = redis.call('LRANGE', list, 0, -1)
  table.sort(numbers, function(one, other)
    if isDown then one, other = other, one end
    return tonumber(one) < tonumber(other)
  end)
  redis.call('DEL', list)
  for from = 1, #numbers, atOnce do
    redis.call('RPUSH', list, unpack(numbers, from, math.min(#numbers, from + atOnce - 1)))
  end
end

keepingEnd(function()
  if length == 0 then return end
  redis.call('LSET', list, 0, redis.call('LINDEX', list, 0))
  if not isNumeric then
    -- With STORE Redis compares bytes, whatever the locale.
    redis.call('SORT', list, 'ALPHA', order, 'STORE', list)
    return
  end
  setApart()
  if redis.call('EXISTS', list) == 1 then sortNumbers() end
  if redis.call('EXISTS', rest) == 0 then return end
  redis.call('SORT', rest, 'ALPHA', order, 'STORE', rest)
  local from, to = rest, list
  if isDown then from, to = list, rest end
  for _ = 1, redis.call('LLEN', from), atOnce do redis.call('RPUSH', to, unpack(redis.call('LPOP', from, atOnce))) end
  if isDown then redis.call('RENAME', rest, list) end
end)
return length
