-- saola.lock.release: key holder
-- companions: queue alive
-- prelude
-- with: waiting lease
local lease = leaseOf(KEYS[1])
if not lease or lease[1] ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
wakeFirst(KEYS[2], KEYS[3], now())
return 1
