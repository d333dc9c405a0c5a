-- hlen: How many fields there are whose time is not over.
-- companions: ttl
-- prelude
-- with: changes fields
local length = redis.call('HLEN', map)
if length == 0 or redis.call('EXISTS', ends) == 0 then return length end
-- Those that are over and have no field any more must not be counted.
if sweep(1000) < 1000 then return redis.call('HLEN', map) end
return redis.call('HLEN', map) - redis.call('ZCOUNT', ends, '-inf', now())
