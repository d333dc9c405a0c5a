-- What time brings. Whoever looks for something does some of it first, in the order of time.
local onTime = {
  d = function(id)
    redis.call('ZREM', timers, 'd' .. id)
    local job = jobOf(id)
    if job and job.state == 'scheduled' then makeReady(job, false, {}) end
  end,
  x = function(id)
    redis.call('ZREM', timers, 'x' .. id)
    local job = jobOf(id)
    local hasNotBegun = job and not isFinal[job.state] and job.state ~= 'active'
    if hasNotBegun then
      cancelNow(job, { 'error', expired })
    end
  end,
  k = function(id)
    redis.call('ZREM', timers, 'k' .. id)
    local job = jobOf(id)
    if job and isFinal[job.state] then drop(job) end
  end,
  s = endSession,
  l = function(key)
    redis.call('ZREM', timers, 'l' .. key)
    unblock(key)
  end,
  r = unpark,
}

-- Nobody was here for so long: the server was, since whoever runs jobs looks in each second. Nobody could renew a lease meanwhile.
local silentMsMax = 3000
-- So long those who live have to say so, as behind a restart of an embedded owner.
local comeBackMs = 5000
-- Written no more often than that.
local seenEveryMs = 200

local function forgiveSilence()
  local seen = redis.call('GET', tasks .. ':seen')
  local silent = at - tonumber(seen or at)
  if silent > silentMsMax then
    for _, worker in ipairs(redis.call('SMEMBERS', tasks .. ':sessions')) do
      redis.call('ZADD', timers, 'XX', 'GT', digits(at + comeBackMs), 's' .. worker)
    end
  end
  if not seen or math.abs(silent) > seenEveryMs then redis.call('SET', tasks .. ':seen', digits(at)) end
end

-- As much as can be done in this time, and no more than so many: nobody else is served meanwhile. The next script goes on.
local passUsMax = 20000
local passedMax = 500

local function passTime()
  forgiveSilence()
  local startedAt = micros()
  for _ = 1, passedMax / 50 do
    local over = redis.call('ZRANGEBYSCORE', timers, '-inf', digits(at), 'LIMIT', 0, 50)
    for _, member in ipairs(over) do onTime[string.sub(member, 1, 1)](string.sub(member, 2)) end
    if #over < 50 or micros() - startedAt > passUsMax then return end
  end
end

-- Milliseconds until there is something to do again.
local function untilNext()
  local first = redis.call('ZRANGE', timers, 0, 0, 'WITHSCORES')[2]
  return first and tonumber(first) - at or nil
end
