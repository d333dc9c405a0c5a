-- When a key ends its companions do.
local function endWith(command)
  local isSet = redis.call(command, KEYS[1], unpack(ARGV))
  if isSet == 0 then return 0 end
  local left = redis.call('PTTL', KEYS[1])
  for i = 2, #KEYS do
    if left > 0 then redis.call('PEXPIRE', KEYS[i], left)
    elseif left == -1 then redis.call('PERSIST', KEYS[i])
    else redis.call('DEL', KEYS[i]) end
  end
  return isSet
end

