-- A rate: see base/gcra.ts. The key holds `<debt> <microseconds>`.
local function natural(text, least)
  local number = integer(text)
  if number < least then fail('ERR value is out of range') end
  return number
end

local function rateOf(count, period, burst)
  local rate = { count = natural(count, 1), token = natural(period, 1) * 1000, burst = natural(burst, 1) }
  if (rate.burst + 1) * rate.token > 9007199254740991 then fail('ERR value is out of range') end
  return rate
end

local function keep(key, rate, units, at)
  local ttl = math.max(1, math.ceil(math.ceil(units / rate.count) / 1000))
  redis.call('SET', key, string.format('%.0f %.0f', units, at), 'PX', string.format('%.0f', ttl))
end

-- What is owed at this time; nil when there is no key.
local function owed(key, rate, at)
  local value = redis.call('GET', key)
  if not value then return nil end
  local units, since = string.match(value, '^(%d+) (%d+)$')
  if not units then fail('STORE_VALUE_UNREADABLE the key is no rate limit') end
  units = tonumber(units)
  -- The clock was set back: what is owed is paid off from now on, and not only when it is that late again.
  if tonumber(since) > at then keep(key, rate, units, at) end
  local elapsed = math.max(0, at - tonumber(since))
  if elapsed >= units / rate.count then return 0 end
  return math.min(units - elapsed * rate.count, rate.burst * rate.token)
end
