-- saola.call: Any other command, in the place that it has among scripts: lanes.ts says why.
return redis.call(unpack(ARGV))
