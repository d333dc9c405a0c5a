-- So many of a key are active at once. limit:<key> is a set of these; the others wait by their place in blocked:<queue>:<key>, and
-- blocked:<key> has the names of these queues. turns:<queue> has the keys of those that are ready because a place was free, by
-- their ids: when nothing of the queue begins any more, others may. held:<queue> has the keys of which others were passed over then.
local function blockedOf(queue, key) return named('blocked', #queue .. ':' .. queue .. ':' .. key) end

local function block(job)
  redis.call('ZADD', blockedOf(job.queue, job.limitKey), digits(job.priority * placeUnit + job.seq), job.id)
  redis.call('SADD', named('blocked', job.limitKey), job.queue)
  change(job, 'blocked', {})
end

-- The queue of the one whose turn it is; nil when nobody waits that may begin.
local function queueOfFirst(key)
  local found, least
  for _, queue in ipairs(redis.call('SMEMBERS', named('blocked', key))) do
    local place = redis.call('ZRANGE', blockedOf(queue, key), 0, 0, 'WITHSCORES')[2]
    if not place then
      redis.call('SREM', named('blocked', key), queue)
    elseif redis.call('SISMEMBER', tasks .. ':paused', queue) == 1 then
      redis.call('SADD', named('held', queue), key)
    elseif not least or tonumber(place) < least then
      found, least = queue, tonumber(place)
    end
  end
  return found
end

-- The first that is blocked has its turn. Whoever has had it and does not use it calls this, too.
local function unblock(key)
  while true do
    local queue = queueOfFirst(key)
    if not queue then return end
    local first = redis.call('ZPOPMIN', blockedOf(queue, key))[1]
    local job = jobOf(first)
    if job and job.state == 'blocked' then
      redis.call('HSET', named('turns', queue), job.id, key)
      return makeReady(job, true, {})
    end
  end
end

-- It begins, or is looked at no more.
local function endTurn(job) redis.call('HDEL', named('turns', job.queue), job.id) end

-- All of these keys, but not more than some hundred at once.
local function unblockAll(keys)
  for i, key in ipairs(keys) do
    if i <= 200 then unblock(key) else redis.call('ZADD', timers, digits(at), 'l' .. key) end
  end
end
