-- saola.map.set: Sets fields with a time to live (0: none), all or none of them by a condition (NX, XX or -): 1 or 0.
-- companions: ttl
-- prelude
-- fields: 3 2
-- with: fields
local ttl, condition = integer(ARGV[1]), string.upper(ARGV[2])
if (condition ~= 'NX' and condition ~= 'XX' and condition ~= '-') or #ARGV % 2 ~= 0 then fail('ERR syntax error') end
if condition ~= '-' then
  for i = 3, #ARGV, 2 do
    if (valueOf(ARGV[i]) ~= false) ~= (condition == 'XX') then return 0 end
  end
end
for i = 3, #ARGV, 2 do
  redis.call('HSET', map, ARGV[i], ARGV[i + 1])
  endAfter(ARGV[i], math.max(0, ttl))
end
return 1
