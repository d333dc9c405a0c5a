-- saola.map.fields: A step through the names of the fields that match a pattern: cursor pattern. The next cursor and the names.
-- companions: ttl
-- prelude
-- with: fields
local step = redis.call('HSCAN', map, ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
local names = { step[1] }
local mayEnd = redis.call('EXISTS', ends) == 1
for i = 1, #step[2], 2 do
  local field = step[2][i]
  if not (mayEnd and isOver(field)) then names[#names + 1] = field end
end
return names
