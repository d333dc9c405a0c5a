-- saola.cache.touch: key entries-max bytes-max [field …]
-- companions: ttl uses sizes
-- prelude
-- with: clock cache
local keys, at = cacheKeys(), now()
local entriesMax, bytesMax = integer(ARGV[1]), integer(ARGV[2])
if redis.call('HLEN', keys.cache) == 0 then return 0 end
local used, touched = usedNow(keys.uses), 0
for i = 3, #ARGV do
  if redis.call('ZSCORE', keys.uses, ARGV[i]) then
    redis.call('ZADD', keys.uses, string.format('%.0f', used), ARGV[i])
    used, touched = used + 1, touched + 1
  end
end
evict(keys, entriesMax, bytesMax, at)
return touched
