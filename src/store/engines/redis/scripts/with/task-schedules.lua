-- A schedule: a hash of what was given (`text`), and of `next`, `last` and `lastJob`.
local function scheduleKey(name) return named('schedule', name) end

local function isSame(one, other)
  if type(one) ~= 'table' or type(other) ~= 'table' then return one == other end
  for name, value in pairs(one) do if not isSame(value, other[name]) then return false end end
  for name in pairs(other) do if one[name] == nil then return false end end
  return true
end
