-- saola.map.sweep: Deletes so many fields whose time is over. A cache keeps account of its entries, and sees to its own.
-- companions: ttl sizes
-- prelude
-- with: changes fields
if redis.call('EXISTS', KEYS[3]) == 1 or redis.call('TYPE', map).ok ~= 'hash' then return 0 end
return sweep(integer(ARGV[1]))
