-- hset: Sets fields, for ever; returns how many are new.
-- companions: ttl
-- prelude
-- fields: 1 2
-- with: fields
if #ARGV == 2 and redis.call('EXISTS', KEYS[2]) == 0
  and redis.call('PUBSUB', 'NUMSUB', 'saola:fields:' .. KEYS[1])[2] == 0 then
  return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
-- otherwise
if #ARGV % 2 ~= 0 then fail("ERR wrong number of arguments for 'hset' command") end
if redis.call('EXISTS', ends) == 1 then
  for i = 1, #ARGV, 2 do
    valueOf(ARGV[i])
    redis.call('ZREM', ends, ARGV[i])
  end
end
local added = 0
for from = 1, #ARGV, atOnce do
  added = added + redis.call('HSET', map, unpack(ARGV, from, math.min(#ARGV, from + atOnce - 1)))
end
return added
