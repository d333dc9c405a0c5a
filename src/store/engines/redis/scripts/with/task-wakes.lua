-- Who waits. A message only makes them look at once: each looks again within a second by itself, so nothing depends on it.
local aliveMs = 5000
local askAgainMs = 1000
local wokenMax = 100
local readied = {}

-- What a script answers that has nothing yet: it is run again after so many milliseconds, or when woken.
local function waitOn(names, request, againMs)
  for _, name in ipairs(names) do
    local key = named('wanted', name)
    redis.call('ZADD', key, digits(at), request)
    redis.call('PEXPIRE', key, aliveMs)
  end
  return { 'saola.wait', math.max(1, math.min(askAgainMs, againMs or askAgainMs)) }
end

local function waitNoMore(names, request)
  for _, name in ipairs(names) do redis.call('ZREM', named('wanted', name), request) end
end

-- Those that have waited longest, so many; of a process that has died none counts.
local function wake(name, count)
  local key = named('wanted', name)
  while count > 0 do
    local first = redis.call('ZPOPMIN', key)
    if not first[1] then return end
    if tonumber(first[2]) > at - aliveMs then
      -- A request begins with the name of its process and a dot: each process hears of its own.
      -- Whoever may not publish does without.
      redis.pcall('PUBLISH', 'saola:wake:' .. (string.match(first[1], '^([^.]*)%.') or ''), first[1])
      count = count - 1
    end
  end
end

local function namesOfQueues(queues)
  local names = {}
  for i, queue in ipairs(queues) do names[i] = 'queue:' .. queue end
  return names
end

-- At the end of a script: for each job that has become ready one that waits for its queue.
local function wakeReadied()
  for queue, count in pairs(readied) do wake('queue:' .. queue, math.min(count, wokenMax)) end
end
