-- saola.cache.set: key field value ttl-ms grace-ms entries-max bytes-max lock holder [tag version …]
-- companions: ttl uses sizes
-- prelude
-- with: clock waiting lease cache
local keys, at = cacheKeys(), now()
local field, value, lock, holder = ARGV[1], ARGV[2], ARGV[7], ARGV[8]
local ttl, grace, entriesMax, bytesMax = integer(ARGV[3]), integer(ARGV[4]), integer(ARGV[5]), integer(ARGV[6])
if #ARGV % 2 ~= 0 then fail('ERR syntax error') end
redis.call('HLEN', keys.cache)
local tags = tagsKeyOf(keys.cache)
local header = { ttl > 0 and string.format('%.0f', at + ttl) or '0' }
for i = 9, #ARGV, 2 do
  local version = versionOf(tags, ARGV[i])
  if string.sub(ARGV[i + 1], 1, 1) ~= '-' and integer(ARGV[i + 1]) ~= version then return 0 end
  if ARGV[i] ~= wholeCache then
    header[#header + 1] = cjson.encode(ARGV[i])
    header[#header + 1] = string.format('%.0f', version)
  end
end
local lease = leaseOf(lock)
if holder ~= '-' and not (lease and lease[1] == holder) then return 0 end
local bytes = '[' .. table.concat(header, ',') .. ']\n' .. value
local size = #field + #bytes + entryBytes
if bytesMax > 0 and size > bytesMax then
  fail('STORE_VALUE_TOO_LARGE an entry of ' .. size .. ' bytes is above the ' .. bytesMax .. ' of its cache')
end
if holder == '-' and lease then removeLock(lock, at) end
redis.call('HSET', keys.cache, field, bytes)
if ttl > 0 then
  redis.call('ZADD', keys.ttl, string.format('%.0f', at + ttl + grace), field)
else
  redis.call('ZREM', keys.ttl, field)
end
redis.call('ZADD', keys.uses, string.format('%.0f', usedNow(keys.uses)), field)
resize(keys.sizes, field, size)
evict(keys, entriesMax, bytesMax, at)
return 1
