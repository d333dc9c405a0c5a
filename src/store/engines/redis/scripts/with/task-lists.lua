-- Jobs of some states and queues, the newest first: their ids are sorted by time. Each state of a queue is a sorted set.
local states = { 'scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled' }
local chunk = 100
local examinedMax = 5000

local function queueNames()
  local queues = redis.call('SMEMBERS', tasks .. ':queues')
  table.sort(queues)
  return queues
end

-- Reads on where it ended.
local function refill(source)
  source.ids = redis.call('ZREVRANGEBYLEX', source.key, source.from, '-', 'LIMIT', 0, chunk)
  source.at = 1
  if #source.ids > 0 then source.from = '(' .. source.ids[#source.ids] end
end

local function sourcesOf(filter, wanted)
  local sources, from = {}, given(filter.cursor) and '(' .. filter.cursor or '+'
  local queues = given(filter.queue) and { filter.queue } or queueNames()
  for _, state in ipairs(wanted) do
    for _, queue in ipairs(queues) do
      local source = { key = named('in', state .. ':' .. queue), from = from }
      refill(source)
      if #source.ids > 0 then sources[#sources + 1] = source end
    end
  end
  return sources
end

local function newestOf(sources)
  local newest
  for i, source in ipairs(sources) do
    if not newest or source.ids[source.at] > sources[newest].ids[sources[newest].at] then newest = i end
  end
  if not newest then return nil end
  local source = sources[newest]
  local id = source.ids[source.at]
  source.at = source.at + 1
  if source.at > #source.ids then
    refill(source)
    if #source.ids == 0 then table.remove(sources, newest) end
  end
  return id
end

-- The ids, and where to go on when there may be more.
local function find(filter, wanted, limit)
  local sources, ids, examined, last = sourcesOf(filter, wanted), {}, 0, nil
  local task = given(filter.task)
  while #ids < limit and examined < examinedMax do
    local id = newestOf(sources)
    if not id then return ids, nil end
    examined, last = examined + 1, id
    local job = not task or jobOf(id)
    if not task or (job and job.task == task) then ids[#ids + 1] = id end
  end
  return ids, #sources > 0 and last or nil
end

-- For what changes many: those that are named, or that a filter finds, of these states; and where to go on.
local function which(text, wanted)
  local filter = filterIn(text, true)
  local ids, limit = given(filter.ids), math.min(given(filter.limit) or changedMax, changedMax)
  local cursor
  if not ids then ids, cursor = find(filter, given(filter.states) or wanted, limit) end
  local jobs = {}
  for i = 1, math.min(#ids, changedMax) do jobs[#jobs + 1] = jobOf(ids[i]) end
  return jobs, given(filter.states) or wanted, cursor
end

local function changed(count, cursor)
  return '{"count":' .. count .. (cursor and ',"cursor":' .. cjson.encode(cursor) or '') .. '}'
end

local function isAmong(list, value)
  for _, one in ipairs(list) do if one == value then return true end end
  return false
end
