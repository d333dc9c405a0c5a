local function fail(text) error('saola: ' .. text, 0) end

local function integer(text)
  local number = tonumber(text)
  if not number or not string.find(text, '^%-?%d+$') or math.abs(number) > 9007199254740991 then
    fail('ERR value is not an integer or out of range')
  end
  return number
end

-- Milliseconds since 1970, by the clock of the server.
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

