-- Which jobs are meant.
local function oneOf(...)
  local words = {}
  for _, word in ipairs({ ... }) do words[word] = true end
  return function(value) return type(value) == 'string' and words[value] == true end
end

local isState = oneOf('scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled')

local function isTexts(value) return #textsIn(value, 'a list') <= 1000 end
local function isStates(value)
  for _, state in ipairs(textsIn(value, 'states')) do if not isState(state) then refuse('there is no such state') end end
  return true
end
local filterFields = {
  states = isStates, task = isAnyText, queue = isAnyText, cursor = isAnyText,
  limit = function(value) return isPositive(value) and value <= 1000 end,
  textBytesMax = function(value) return isNatural(value) and value <= 1048576 end,
}

-- Those of a filter, or with `mayName` of a list of ids.
local function filterIn(text, mayName)
  local filter = decode(text)
  if not string.find(text, '^%s*{') then refuse('a filter is no object') end
  if mayName and given(filter.ids) ~= nil then checkFields('which', filter, { ids = isTexts }, {})
  else checkFields('a filter', filter, {}, filterFields) end
  return filter
end
