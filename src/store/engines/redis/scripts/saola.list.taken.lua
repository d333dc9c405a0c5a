-- saola.list.taken: key request
-- companions: taken
redis.call('DEL', KEYS[2] .. ':' .. ARGV[1])
return redis.status_reply('OK')
