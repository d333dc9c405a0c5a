-- saola.task.orders: key worker lease-ms wait-ms request
-- prelude
-- with: clock rate tasks task-wakes task-states task-limits task-ends task-sessions task-rates task-timers
-- Once told, it is told again while the job still runs: what was told may not have arrived.
local toldAgainMs = 5000
local worker, leaseMs, request = ARGV[1], integer(ARGV[2]), ARGV[4]
local name = 'orders:' .. worker
-- A clock that was set back would make the leases of who is lost longer by as much: they go back with it. Who has come back since,
-- or come anew, is left alone, by having less than that.
local function followClock()
  local clock = tasks .. ':clock'
  local back = tonumber(redis.call('GET', clock) or at) - at
  redis.call('SET', clock, digits(at))
  if back <= leaseMs then return end
  for _, other in ipairs(redis.call('SMEMBERS', tasks .. ':sessions')) do
    local ends = tonumber(redis.call('ZSCORE', timers, 's' .. other) or '0')
    if ends > at + back then redis.call('ZADD', timers, digits(ends - back), 's' .. other) end
  end
end

goOnWhenFull()
followClock()
forgiveSilence()
-- Before time passes: whoever asks lives.
if hasSession(worker) and tonumber(redis.call('ZSCORE', timers, 's' .. worker) or '0') > at then renew(worker, leaseMs) end
passTime()
settle()
if not hasSession(worker) then return false end
local cancels = named('cancels', worker)
local ids = redis.call('ZRANGEBYSCORE', cancels, '-inf', digits(at))
for _, id in ipairs(ids) do redis.call('ZADD', cancels, digits(at + toldAgainMs), id) end
if #ids == 0 then return waitOn({ name }, request, untilNext()) end
waitNoMore({ name }, request)
return '{"cancel":' .. quotedList(ids) .. '}'
