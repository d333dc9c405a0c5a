-- saola.cache.invalidate: key tag [tag …]
-- prelude
-- with: clock cache
local versions = {}
for i, tag in ipairs(ARGV) do versions[i] = redis.call('HINCRBY', tagsKeyOf(KEYS[1]), tag, 1) end
return versions
