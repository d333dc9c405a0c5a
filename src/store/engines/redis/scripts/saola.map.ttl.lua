-- saola.map.ttl: How long a field still has, in milliseconds; -1 for ever, -2 when it is absent.
-- companions: ttl
-- prelude
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -2 end
local ends = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends then return -1 end
local left = tonumber(ends) - now()
return left > 0 and left or -2
