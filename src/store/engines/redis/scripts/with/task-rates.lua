-- Jobs that must begin slower. Those above a rate are parked by their place, and one timer a key lets as many go on as may begin.
local function rateKeyOf(key) return named('rate', key) end

local function jobRate(job) return rateOf(digits(job.rateCount), digits(job.ratePeriodMs), digits(job.rateBurst)) end

-- How many may begin now, and after how many milliseconds one more.
local function roomOf(key, rate)
  local units = owed(rateKeyOf(key), rate, micros()) or 0
  local there = math.max(0, math.floor((rate.burst * rate.token - units) / rate.token))
  local wait = math.ceil((units + (there + 1) * rate.token - rate.burst * rate.token) / rate.count / 1000)
  return there, math.max(1, wait), units
end

local function rateTurnOf(job) return job.priority * placeUnit + job.seq end

-- Who comes later does not get the turn of those who wait for theirs: while one script looks at many, time goes on and room comes.
local function isBehindParked(job)
  local first = redis.call('ZRANGE', named('parked', job.rateKey), 0, 0, 'WITHSCORES')
  return first[2] ~= nil and tonumber(first[2]) < rateTurnOf(job)
end

local function takeRate(job)
  local rate = jobRate(job)
  local there, wait, units = roomOf(job.rateKey, rate)
  if there == 0 or isBehindParked(job) then return false, wait end
  keep(rateKeyOf(job.rateKey), rate, units + rate.token, micros())
  return true
end

local function park(job, wait)
  redis.call('ZADD', named('parked', job.rateKey), digits(rateTurnOf(job)), job.id)
  -- Those ahead of it may be looked at sooner.
  local due = redis.call('ZSCORE', timers, 'r' .. job.rateKey)
  if not due or tonumber(due) > at + wait then redis.call('ZADD', timers, digits(at + wait), 'r' .. job.rateKey) end
  change(job, 'scheduled', { 'due', digits(at + wait) })
end

local function unpark(key)
  local parked = named('parked', key)
  redis.call('ZREM', timers, 'r' .. key)
  local first = redis.call('ZRANGE', parked, 0, 0)[1]
  local job = first and jobOf(first)
  if first and not job then
    redis.call('ZREM', parked, first)
    redis.call('ZADD', timers, digits(at + 1), 'r' .. key)
  end
  if not job then return 0 end
  local there, wait = roomOf(key, jobRate(job))
  local count = math.min(there, 100)
  local popped = count > 0 and redis.call('ZPOPMIN', parked, count) or {}
  for i = 1, #popped, 2 do
    local next = jobOf(popped[i])
    if next and next.state == 'scheduled' then makeReady(next, true, {}) end
  end
  if redis.call('EXISTS', parked) == 1 then
    redis.call('ZADD', timers, digits(at + (count < there and 1 or wait)), 'r' .. key)
  end
  return #popped / 2
end
