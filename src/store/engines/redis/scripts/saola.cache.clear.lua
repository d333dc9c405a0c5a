-- saola.cache.clear: key
-- companions: ttl uses sizes
-- prelude
-- with: clock cache
local size = redis.call('HLEN', KEYS[1])
redis.call('HINCRBY', tagsKeyOf(KEYS[1]), wholeCache, 1)
redis.call('DEL', unpack(KEYS))
return size
