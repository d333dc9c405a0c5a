-- hvals: All values, without those whose time is over.
-- companions: ttl
-- prelude
-- with: changes fields
if redis.call('EXISTS', ends) == 1 then
  repeat until sweep(1000) < 1000
end
return redis.call('HVALS', map)
