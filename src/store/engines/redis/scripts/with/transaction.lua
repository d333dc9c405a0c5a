-- All or nothing. Redis undoes nothing: what a call changes is copied before, unless no call comes behind it, and put back when
-- a later one fails. `own` has the scripts of commands by name. transaction.ts writes ARGV.
local cursor = 0

local function take()
  cursor = cursor + 1
  return ARGV[cursor]
end

local function takeMany()
  local items = {}
  for i = 1, tonumber(take()) do items[i] = take() end
  return items
end

local function takeCall()
  return { name = take(), kind = take(), keys = takeMany(), args = takeMany() }
end

-- As one text, in the way of transaction.ts.
local function textOf(reply, isDouble)
  if type(reply) == 'table' and reply.ok then reply = reply.ok end
  if type(reply) == 'string' then
    if isDouble then return 'd' .. struct.pack('>d', tonumber(reply)) end
    return 's' .. #reply .. ':' .. reply
  end
  if type(reply) == 'number' then return string.format('i%.0f;', reply) end
  if type(reply) ~= 'table' then return 'n' end
  local parts = { 'a' .. #reply .. ':' }
  for i = 1, #reply do parts[i + 1] = textOf(reply[i], isDouble) end
  return table.concat(parts)
end

-- Lua hands no more than some thousands of arguments to a function.
local atOnce = 7000
local inParts = { rpush = 1, lpush = 1, sadd = 1, srem = 1, zrem = 1, zadd = 2, del = 1, unlink = 1 }
local flags = { NX = true, XX = true, GT = true, LT = true, CH = true }

local function performLarge(name, args)
  local step = inParts[name] or error({ err = "ERR '" .. name .. "' has too many arguments for a transaction" })
  local fixed = (name == 'del' or name == 'unlink') and 0 or 1
  while name == 'zadd' and flags[string.upper(args[fixed + 1])] do fixed = fixed + 1 end
  local sum, last = 0, 0
  for from = fixed + 1, #args, atOnce do
    local words = { unpack(args, 1, fixed) }
    for i = from, math.min(#args, from + atOnce - 1) do words[#words + 1] = args[i] end
    last = redis.call(name, unpack(words))
    sum = sum + last
  end
  return (name == 'rpush' or name == 'lpush') and last or sum
end

local function perform(call)
  local reply
  if own[call.name] then reply = own[call.name](call.keys, call.args)
  elseif #call.args > atOnce then reply = performLarge(call.name, call.args)
  else reply = redis.call(call.name, unpack(call.args)) end
  if type(reply) == 'table' and reply.err then error(reply) end
  return reply or false
end

local function digestOf(keys)
  local parts = {}
  for i, key in ipairs(keys) do parts[i] = redis.sha1hex(redis.call('DUMP', key) or '') end
  return table.concat(parts)
end

local checks, calls = tonumber(take()), {}
for _ = 1, checks do
  local call, expected = takeCall(), take()
  local found = call.kind == 'digest' and digestOf(call.keys) or textOf(perform(call), call.kind == 'double')
  if found ~= expected then return false end
end
local total = tonumber(take())
for i = 1, total do calls[i] = takeCall() end

local function publishTo(keys, letter)
  for _, key in ipairs(keys) do redis.call('PUBLISH', 'saola:fields:' .. key, letter) end
end

local watched, seen = {}, {}
for _, call in ipairs(calls) do
  for _, key in ipairs(call.kind == 'write' and call.keys or {}) do
    if not seen[key] and redis.call('PUBSUB', 'NUMSUB', 'saola:fields:' .. key)[2] > 0 then watched[#watched + 1] = key end
    seen[key] = true
  end
end
publishTo(watched, 'B')

local saved, order = {}, {}
local function save(keys)
  for _, key in ipairs(keys) do
    if saved[key] == nil then
      saved[key] = { redis.call('DUMP', key), redis.call('PTTL', key) }
      order[#order + 1] = key
    end
  end
end

local function undo()
  for _, key in ipairs(order) do
    local dump, ttl = saved[key][1], saved[key][2]
    if dump then redis.call('RESTORE', key, math.max(0, ttl), dump, 'REPLACE') else redis.call('DEL', key) end
  end
end

local replies = {}
local function run(i, call)
  local isDone, reply = pcall(perform, call)
  if not isDone then
    undo()
    publishTo(watched, 'U')
    error(reply, 0)
  end
  replies[i] = reply
end

-- Tasks write more keys than they name, which are nobody else's: they come last, and all in one, as an enqueue that fails has
-- written nothing.
local enqueues = {}
for i, call in ipairs(calls) do if call.kind == 'enqueue' then enqueues[#enqueues + 1] = i end end

local function enqueueAll()
  local first, inner = calls[enqueues[1]], {}
  if #enqueues == 1 then return run(enqueues[1], first) end
  for _, i in ipairs(enqueues) do
    local list = string.match(calls[i].args[1], '^%s*%[%s*(.-)%s*%]%s*$')
    if list ~= '' then inner[#inner + 1] = list or 'null' end
  end
  local all = { name = first.name, kind = first.kind, keys = first.keys, args = { '[' .. table.concat(inner, ',') .. ']' } }
  run(enqueues[1], all)
  local answers, at = cjson.decode(replies[enqueues[1]]), 0
  for _, i in ipairs(enqueues) do
    local own = {}
    for n = 1, #cjson.decode(calls[i].args[1]) do own[n] = cjson.encode(answers[at + n]) end
    at, replies[i] = at + #own, '[' .. table.concat(own, ',') .. ']'
  end
end
for i, call in ipairs(calls) do
  if call.kind ~= 'publish' and call.kind ~= 'enqueue' then
    if call.kind == 'write' and (i < total or #enqueues > 0) then save(call.keys) end
    run(i, call)
  end
end
if #enqueues > 0 then enqueueAll() end
-- What was undone must not have been heard.
for i, call in ipairs(calls) do if call.kind == 'publish' then replies[i] = perform(call) end end
publishTo(watched, 'D')
return replies
