-- saola.cache.get: key field
-- companions: ttl
-- prelude
-- with: clock cache
local at = now()
local bytes = entryOf(KEYS[1], KEYS[2], ARGV[1], at)
if not bytes then return false end
local newline = string.find(bytes, '\n', 1, true)
local isRead, header = pcall(cjson.decode, string.sub(bytes, 1, (newline or 0) - 1))
if not newline or not isRead or type(header) ~= 'table' or type(header[1]) ~= 'number' then
  fail('STORE_VALUE_UNREADABLE an entry of a cache was not written by the cache')
end
local tags = #header > 1 and tagsKeyOf(KEYS[1])
for i = 2, #header, 2 do
  if versionOf(tags, header[i]) ~= header[i + 1] then return false end
end
return { (header[1] == 0 or header[1] > at) and 1 or 0, string.sub(bytes, newline + 1) }
