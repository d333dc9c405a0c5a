-- saola.wait.leave: key request
-- companions: queue alive
-- prelude
-- with: waiting
-- Nobody waits under this name any more; whoever waits behind it may have been kept from trying.
local isGone = waitNoMore(KEYS[2], KEYS[3], ARGV[1])
if isGone then wakeFirst(KEYS[2], KEYS[3], now()) end
return isGone and 1 or 0
