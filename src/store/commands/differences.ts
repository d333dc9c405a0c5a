/** Where a command of Redis' name does not do just what Redis 7.0 does: for the reference. By name, or `name|subcommand`. */
export const differences: Readonly<Record<string, string>> = {
  bgsave: 'A snapshot of Saola, in the folder of the store; not a file of Redis.',
  'client|kill': 'MAXAGE as in Redis 7.4.',
  'client|list': 'Only the fields that mean something here; with those of CLIENT SETINFO, as in Redis 7.2.',
  'client|no-evict': 'Has no effect: connections are not ended to save memory.',
  'client|no-touch': 'As in Redis 7.2. Has no effect: reads do not count as use.',
  'client|reply':
    'Between MULTI and EXEC it has no effect. What is sent without being asked for, such as messages, comes always.',
  'client|setinfo': 'As in Redis 7.2.',
  'command|getkeys': 'The keys alone: COMMAND GETKEYSANDFLAGS is not there.',
  'config|get': 'Without what concerns only the inside of redis-server.',
  'config|set':
    'These act: `maxclients`, `timeout`, `slowlog-log-slower-than`, `slowlog-max-len`. What the configuration of Saola decides is shown and refused (`appendonly`, `appendfsync`, `databases`, `dir`, `proto-max-bulk-len`, `requirepass`, `notify-keyspace-events`, `min-replicas-to-write`). Everything else that is known is remembered and has no effect, `maxmemory` and `save` among it: use `store.maxSize` and `store.snapshots`. Nothing of it outlives the owner.',
  info: 'Without fields that mean nothing here, with some of our own, which begin with `saola_`.',
  'memory|usage': 'Bytes in the file, not in memory.',
  'object|freq': 'Always the error of a server without LFU.',
  'object|idletime': 'Always 0.',
  'object|refcount': 'Always 1.',
  save: 'A snapshot of Saola. Others are served meanwhile.',
  'slowlog|get': 'The time of the command alone; all commands of a turn are committed together.',
  swapdb: 'Refused above 50,000 keys: each of them gets another name.',
  wait: 'Answers 0 at once: there are no replicas to wait for.',
}
