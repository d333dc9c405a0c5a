-- hget: The value of a field whose time is not over.
-- companions: ttl
local value = redis.call('HGET', KEYS[1], ARGV[1])
local ends = value and redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends then return value end
local time = redis.call('TIME')
return tonumber(ends) > tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) and value
