-- From one state to another. Whoever changes a state does it here, and calls `settle` at the end: what concerns many jobs in
-- the same way is written at once.
local moves, stopped, kept, left = {}, {}, {}, {}
local wordsMax = 4000

-- Calls with many words, some thousand at a time; `step` belong together.
local function callWith(command, key, words, step)
  local most = wordsMax - wordsMax % step
  for from = 1, #words, most do redis.call(command, key, unpack(words, from, math.min(#words, from + most - 1))) end
end

local function move(id, from, to)
  local known = moves[id]
  if known then known.to = to else moves[id] = { from = from, to = to } end
end

local function indexOf(job, state) return named('in', state .. ':' .. job.queue) end

-- One word or two.
local function addTo(lists, name, word, other)
  local list = lists[name] or {}
  lists[name] = list
  list[#list + 1] = word
  if other then list[#list + 1] = other end
end

local function settle()
  local gone, come = {}, {}
  for id, moved in pairs(moves) do
    if moved.from ~= moved.to then
      if moved.from then addTo(gone, moved.from, id) end
      if moved.to then addTo(come, moved.to, 0, id) end
    end
  end
  for key, words in pairs(gone) do callWith('ZREM', key, words, 1) end
  for key, words in pairs(come) do callWith('ZADD', key, words, 2) end
  for key, words in pairs(stopped) do callWith('SREM', key, words, 1) end
  callWith('ZADD', timers, kept, 2)
  -- Whoever waits to be alone, or not to be so any more.
  for worker in pairs(left) do wake('company:' .. worker, 1) end
  moves, stopped, kept, left = {}, {}, {}, {}
  wakeReadied()
end

-- `fields` in pairs; those of `gone` are removed.
local function change(job, state, fields, gone)
  if state ~= job.state then
    move(job.id, indexOf(job, job.state), indexOf(job, state))
    job.state = state
  end
  job.version = job.version + 1
  local key = named('job', job.id)
  redis.call('HSET', key, 'state', state, 'version', job.version, unpack(fields))
  if gone and #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  if job.watched > at then wake('job:' .. job.id, wokenMax) end
end

local function putReady(job)
  redis.call('ZADD', named('ready', job.queue), digits(job.priority * placeUnit + job.seq), job.id)
  readied[job.queue] = (readied[job.queue] or 0) + 1
end

-- At the end of its priority, or with `isBack` where it was.
local function makeReady(job, isBack, fields, gone)
  if not isBack then job.seq = nextNumbers(1) end
  fields[#fields + 1] = 'seq'
  fields[#fields + 1] = digits(job.seq)
  gone = gone or {}
  gone[#gone + 1] = 'due'
  change(job, 'ready', fields, gone)
  putReady(job)
end

local function makeDue(job, due, fields, gone)
  redis.call('ZADD', timers, digits(due), 'd' .. job.id)
  fields[#fields + 1] = 'due'
  fields[#fields + 1] = digits(due)
  change(job, 'scheduled', fields, gone)
end
