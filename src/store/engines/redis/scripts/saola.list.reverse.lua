-- saola.list.reverse: Reverses the order; returns the length.
-- companions: new
-- with: elements
local length = redis.call('LLEN', list)
keepingEnd(function()
  -- First what may be refused for want of memory, so that nothing is half done.
  if length > 0 then redis.call('LSET', list, 0, redis.call('LINDEX', list, 0)) end
  redis.call('DEL', KEYS[2])
  for _ = 1, length, atOnce do
    redis.call('RPUSH', KEYS[2], unpack(redis.call('RPOP', list, atOnce)))
  end
  if length > 0 then redis.call('RENAME', KEYS[2], list) end
end)
return length
