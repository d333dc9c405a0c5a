/** Commands of Redis 7.0 that are not here, and why: for the reference. */
export interface LeftOut {
  readonly what: string
  readonly why: string
  readonly names: string
}

export const leftOut: readonly LeftOut[] = [
  {
    what: 'Scripts and functions',
    why: 'There is no Lua here. `saola/store` has transactions, with checks and several structures; the door has MULTI and WATCH.',
    names: 'eval eval_ro evalsha evalsha_ro fcall fcall_ro function script',
  },
  {
    what: 'Streams',
    why: 'Lists with blocking pops and topics are there.',
    names: 'xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim',
  },
  {
    what: 'Geography',
    why: 'A use of sorted sets that few have.',
    names:
      'geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore',
  },
  {
    what: 'HyperLogLog',
    why: 'A set counts exactly.',
    names: 'pfadd pfcount pfdebug pfmerge pfselftest',
  },
  {
    what: 'Values as files',
    why: 'The format is that of the files of Redis. `saola store copy` moves data between a store and a Redis, both ways.',
    names: 'dump restore restore-asking migrate',
  },
  {
    what: 'Replicas and clusters',
    why: 'A store is one process on one machine; where that is not enough, the same application runs on Redis or a cluster of it.',
    names:
      'asking cluster failover psync readonly readwrite replconf replicaof slaveof sync spublish ssubscribe sunsubscribe',
  },
  {
    what: 'Users and modules',
    why: 'There is one user, `default`.',
    names: 'acl module',
  },
  {
    what: 'The inside of the process',
    why: 'They show or change the inside of redis-server. `saola store` and the supervisor start, stop and watch the owner.',
    names: 'bgrewriteaof debug latency lolwut monitor shutdown',
  },
]
