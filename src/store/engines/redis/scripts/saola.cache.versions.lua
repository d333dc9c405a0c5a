-- saola.cache.versions: key [tag …]
-- prelude
-- with: clock cache
local tags = tagsKeyOf(KEYS[1])
local versions = { versionOf(tags, wholeCache) }
for i, tag in ipairs(ARGV) do versions[i + 1] = versionOf(tags, tag) end
return versions
