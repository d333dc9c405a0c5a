-- What is given is checked before anything is written, as Redis undoes nothing. A field that nobody knows is refused, too.
local function refuse(text) fail('STORE_ARGUMENT_INVALID ' .. text) end

-- In bytes.
local function checkBytes(text, what, max)
  if #text > max then fail('STORE_VALUE_TOO_LARGE ' .. what .. ' has ' .. #text .. ' bytes, more than ' .. max) end
end

local function isText(value) return type(value) == 'string' and value ~= '' end
local function isAnyText(value) return type(value) == 'string' end
local function isNatural(value)
  return type(value) == 'number' and value >= 0 and value % 1 == 0 and value <= 9007199254740991
end
local function isPositive(value) return isNatural(value) and value >= 1 end

-- With `isLoose` there may be others.
local function checkFields(where, value, required, optional, isLoose)
  if type(value) ~= 'table' then refuse(where .. ' is no object') end
  for name, check in pairs(required) do
    if not check(given(value[name])) then refuse(where .. ' has no right ' .. name) end
  end
  for name, field in pairs(value) do
    if not required[name] and given(field) ~= nil then
      local check = optional[name]
      if not check and not isLoose then refuse(where .. ' has an unknown field') end
      if check and not check(field) then refuse(where .. ' has no right ' .. name) end
    end
  end
end

-- A list of JSON, never an object.
local function listIn(text, what)
  local value = decode(text)
  if not string.find(text, '^%s*%[') then refuse(what .. ' is no list') end
  return value
end

local function textsIn(value, what)
  if type(value) ~= 'table' then refuse(what .. ' is no list') end
  for name, one in pairs(value) do
    if type(name) ~= 'number' or type(one) ~= 'string' then refuse(what .. ' is no list of texts') end
  end
  return value
end
