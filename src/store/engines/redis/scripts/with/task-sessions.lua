-- Sessions of workers: session:<worker> is a hash of what it has said of itself (`info`), its `slot`, and what its last claims
-- took; `sessions` has their names, `slots` who has each slot. Their end is a timer.
local takenKept = 8

local function hasSession(worker) return redis.call('EXISTS', named('session', worker)) == 1 end

local function endSession(worker)
  local slot = redis.call('HGET', named('session', worker), 'slot')
  redis.call('DEL', named('session', worker), named('cancels', worker), named('alone', worker))
  redis.call('SREM', tasks .. ':sessions', worker)
  redis.call('ZREM', timers, 's' .. worker)
  if slot and redis.call('HGET', tasks .. ':slots', slot) == worker then redis.call('HDEL', tasks .. ':slots', slot) end
  for _, id in ipairs(redis.call('SMEMBERS', named('active', worker))) do
    local job = jobOf(id)
    if job and job.state == 'active' and job.worker == worker then interrupt(job) end
  end
  redis.call('DEL', named('active', worker))
  -- It is told at once that it is over.
  wake('orders:' .. worker, wokenMax)
end

local function renew(worker, leaseMs) redis.call('ZADD', timers, digits(at + leaseMs), 's' .. worker) end

-- What a claim took is remembered under its request, so that one that is sent again gets the same. A request ends in a number.
local function takenField(request)
  local number = tonumber(string.match(request, '%.(%w+)$') or '0', 36) or 0
  return 'taken' .. number % takenKept
end

-- Job ids in a list if this request was served before; nil if not. And whether there is a session.
local function takenBefore(worker, request)
  local values = redis.call('HMGET', named('session', worker), takenField(request), 'slot')
  local text, isThere = values[1], values[2] ~= false
  local first = text and string.match(text, '^%S+')
  if first ~= request then return nil, isThere end
  local ids = {}
  for id in string.gmatch(string.sub(text, #first + 1), '%S+') do ids[#ids + 1] = id end
  return ids, isThere
end

local function rememberTaken(worker, request, ids)
  redis.call('HSET', named('session', worker), takenField(request), request .. ' ' .. table.concat(ids, ' '))
end
