-- saola.ratelimit.take: key count period-ms burst needed ahead sharers
-- prelude
-- with: clock rate
local rate = rateOf(ARGV[1], ARGV[2], ARGV[3])
local needed, ahead, sharers = natural(ARGV[4], 0), natural(ARGV[5], 0), natural(ARGV[6], 1)
local at = micros()
local units = owed(KEYS[1], rate, at) or 0
local there = math.floor((rate.burst * rate.token - units) / rate.token)
local first = math.min(needed, there)
local granted = first + math.min(ahead, math.floor((there - first) / sharers))
units = units + granted * rate.token
if granted > 0 then keep(KEYS[1], rate, units, at) end
local left = there - granted
local wait = left > 0 and 0 or math.ceil((units + rate.token - rate.burst * rate.token) / rate.count)
return { granted, left, math.ceil(wait / 1000) }
