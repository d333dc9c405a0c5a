-- rename: Gives a key another name, in the place of what had it, and its companions with it.
-- companions: all
local to = 1 + companions
local reply = redis.call('RENAME', KEYS[1], KEYS[1 + to])
if KEYS[1] == KEYS[1 + to] then return reply end
for i = 2, to do
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('RENAME', KEYS[i], KEYS[i + to])
  else redis.call('DEL', KEYS[i + to]) end
end
return reply
