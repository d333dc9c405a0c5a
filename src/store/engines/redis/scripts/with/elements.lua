local list = KEYS[1]
local atOnce = 4000

-- A list that is built anew keeps its end.
local function keepingEnd(work)
  local left = redis.call('PTTL', list)
  work()
  if left > 0 then redis.call('PEXPIRE', list, left) end
end

