-- What a request has taken is kept for ten minutes, or until its process says that it has arrived: "1" and the element, or
-- "0" when the request was given up.
local keptMs = 600000

local function sideOf(word)
  local side = string.upper(word)
  if side ~= 'LEFT' and side ~= 'RIGHT' then fail('ERR syntax error') end
  return side
end
