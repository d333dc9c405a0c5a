-- saola.cache.delete: key field lock [field lock …]
-- companions: ttl uses sizes
-- prelude
-- with: clock waiting lease cache
if #ARGV % 2 ~= 0 then fail('ERR syntax error') end
local keys, at = cacheKeys(), now()
redis.call('HLEN', keys.cache)
for i = 2, #ARGV, 2 do leaseOf(ARGV[i]) end
local deleted = 0
for i = 1, #ARGV, 2 do
  if drop(keys, ARGV[i], at) then deleted = deleted + 1 end
  removeLock(ARGV[i + 1], at)
end
return deleted
