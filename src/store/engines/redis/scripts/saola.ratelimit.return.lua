-- saola.ratelimit.return: key count period-ms burst tokens
-- prelude
-- with: clock rate
local rate = rateOf(ARGV[1], ARGV[2], ARGV[3])
local tokens = natural(ARGV[4], 0)
local at = micros()
local units = owed(KEYS[1], rate, at)
if not units then return 0 end
keep(KEYS[1], rate, math.max(0, units - tokens * rate.token), at)
return 1
