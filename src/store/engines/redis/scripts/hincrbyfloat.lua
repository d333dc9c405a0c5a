-- hincrbyfloat: Adds a number with a fraction to a field; returns the new value as text. It keeps its end.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
local function number(text)
  local value = string.find(text, '^[%+%-]?[%d%.]+[eE]?[%+%-]?%d*$') and tonumber(text)
  if not value then fail('ERR value is not a valid float') end
  return value
end

-- The shortest that means the same number, without an exponent where that is possible.
local function textOf(value)
  local text
  for digits = 15, 17 do
    text = string.format('%.' .. digits .. 'g', value)
    if tonumber(text) == value then break end
  end
  if not string.find(text, 'e') or math.abs(value) >= 1e21 then return text end
  if math.abs(value) >= 1 then return string.format('%.0f', value) end
  return (string.gsub(string.gsub(string.format('%.17f', value), '0+$', ''), '%.$', ''))
end

local sum = number(valueOf(ARGV[1]) or '0') + number(ARGV[2])
if sum ~= sum or sum == math.huge or sum == -math.huge then fail('ERR value is not a valid float') end
local text = textOf(sum)
redis.call('HSET', map, ARGV[1], text)
return text
