-- saola.map.expire: When a field ends: after so long, or never (0). 1, or 0 when it is absent.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
local ttl = integer(ARGV[2])
if not valueOf(ARGV[1]) then return 0 end
endAfter(ARGV[1], math.max(0, ttl))
return 1
