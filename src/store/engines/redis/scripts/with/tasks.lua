-- The tasks of a store. KEYS[1] is `{saola:tasks}`; the other names are made here, from it and what is in the data: they have
-- the same tag, and so the same slot.
--   job:<id>           a hash: `fixed` (the part of its JSON that never changes), `meta` (what scripts need of it), and the rest
--   ready:<queue>      a sorted set of ids, by priority * 2^40 + seq
--   in:<state>:<queue> a sorted set of all ids of a state, by their letters
--   timers             what is to be done, by its time: d<id> is due, x<id> expires, k<id> is kept no longer,
--                      s<worker> has lost its session, r<key> may begin again by its rate, l<key> by its limit
--   active:<worker>    a set of ids; session:<worker>, slots, sessions, cancels:<worker>: see with/task-sessions.lua
--   alone:<worker>     the job that runs alone there: see claim
--   unique:<key>       the id that has it; limit:<key> a set of the active ones, and those that wait for them: with/task-limits.lua;
--                      parked:<key> those that wait for their rate; gather:<id> and failed:<id>: with/task-ends.lua
--   wanted:<what>      a sorted set of requests that wait, by when they last said so
--   seq, queues, paused, schedules, schedule:<name>, clock: when a worker has asked for orders last,
--   seen: when anybody has looked what time has brought
local tasks = KEYS[1]
local timers = tasks .. ':timers'
local at = now()
local placeUnit = 1099511627776
local changedMax = 1000

local function named(kind, name) return tasks .. ':' .. kind .. ':' .. name end
local function digits(number) return string.format('%.0f', number) end

-- Half of a surrogate pair, as a text that was cut may have: cjson refuses it.
local function withoutHalves(text)
  return (string.gsub(text, '\\(.)(%x?%x?%x?%x?)', function(letter, hex)
    if letter == 'u' and string.find(hex, '^[dD][89a-fA-F]') then return '\\ufffd' end
  end))
end

local function decode(text)
  local isDone, value = pcall(cjson.decode, text)
  if not isDone then isDone, value = pcall(cjson.decode, withoutHalves(text)) end
  if not isDone or type(value) ~= 'table' then fail('STORE_ARGUMENT_INVALID the JSON cannot be read') end
  return value
end

-- Absent is null, too.
local function given(value)
  if value == cjson.null then return nil end
  return value
end

-- An empty list would be an object for cjson.
local function listOf(texts) return '[' .. table.concat(texts, ',') .. ']' end

local function quotedList(texts)
  local quoted = {}
  for i, text in ipairs(texts) do quoted[i] = cjson.encode(text) end
  return listOf(quoted)
end

-- What scripts need of a job, and what is shown of it.
local needed = {
  'meta', 'state', 'version', 'seq', 'attempt', 'interruptions', 'worker', 'token', 'cancelling', 'watched', 'answered',
}
local shown = {
  'state', 'version', 'attempt', 'interruptions', 'worker', 'token', 'cancelling', 'fixed', 'payload', 'due', 'started',
  'finished', 'result', 'error', 'progress',
}

local function valuesOf(id, names)
  local found, values = redis.call('HMGET', named('job', id), unpack(names)), {}
  for i, name in ipairs(names) do values[name] = found[i] end
  return values
end

local function jobFrom(id, values)
  local job, index = cmsgpack.unpack(values.meta)
  job.index = index
  job.id, job.state, job.worker, job.token = id, values.state, values.worker, tonumber(values.token or '0')
  job.version, job.seq = tonumber(values.version), tonumber(values.seq)
  job.attempt, job.interruptions = tonumber(values.attempt or '0'), tonumber(values.interruptions or '0')
  job.isCancelling, job.watched, job.answered = values.cancelling == '1', tonumber(values.watched or '0'), values.answered
  return job
end

-- nil when there is none.
local function jobOf(id)
  local values = valuesOf(id, needed)
  return values.meta and jobFrom(id, values) or nil
end

-- One JSON text, put together from texts: nothing of it is read, so nothing can be lost.
local function jsonFrom(values)
  local parts = {
    '{', values.fixed, ',"state":"', values.state, '","payload":', cjson.encode(values.payload),
    ',"attempt":', values.attempt or '0', ',"interruptions":', values.interruptions or '0', ',"version":', values.version,
  }
  local function add(name, text)
    parts[#parts + 1] = ',"' .. name .. '":'
    parts[#parts + 1] = text
  end
  for _, name in ipairs({ 'due', 'started', 'finished', 'error' }) do if values[name] then add(name, values[name]) end end
  for _, name in ipairs({ 'result', 'progress' }) do if values[name] then add(name, cjson.encode(values[name])) end end
  if values.state == 'active' then
    add('worker', cjson.encode(values.worker))
    add('token', values.token)
    if values.cancelling then add('isCancelling', 'true') end
  end
  parts[#parts + 1] = '}'
  return table.concat(parts)
end

-- nil when there is none.
local function jsonOf(id)
  local values = valuesOf(id, shown)
  return values.fixed and jsonFrom(values) or nil
end

-- Redis refuses what needs memory when that is full, but not behind a write that needs none: workers must go on then, or
-- nothing would be freed.
local function goOnWhenFull() redis.call('DEL', tasks .. ':none') end

local isFinal = { done = true, dead = true, cancelled = true }

-- Numbers of an order that grows, `count` of them: the last one.
local function nextNumbers(count) return redis.call('INCRBY', tasks .. ':seq', count) end
