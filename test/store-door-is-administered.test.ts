import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { type NetworkDoor, openNetworkDoor } from './support/network-door.ts'
import { until } from './support/until.ts'

async function connected(t: TestContext, { host, port }: NetworkDoor, password = 'right'): Promise<Redis> {
  const options = { password, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null }
  const redis = new Redis({ host, port, ...options })
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  await redis.connect()
  return redis
}

test('a client gives the password, and one with a wrong one gets an error', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  assert.equal(await redis.set('a', '1'), 'OK')
  await assert.rejects(redis.auth('wrong'), /WRONGPASS invalid username-password pair or user is disabled/)
  assert.equal(await redis.auth('default', 'right'), 'OK')
  const stranger = await connected(t, door, '')
  await assert.rejects(stranger.get('a'), /NOAUTH Authentication required/)
})

test('CONFIG SET maxclients and timeout act at once', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  assert.deepEqual(await redis.config('GET', 'maxclients', 'timeout'), ['maxclients', '10000', 'timeout', '0'])
  assert.equal(await redis.config('SET', 'maxclients', '1'), 'OK')
  const refused = connect(door.port, door.host)
  const [answer] = await once(refused, 'data')
  assert.equal(String(answer), '-ERR max number of clients reached\r\n')
  refused.destroy()
  await redis.config('SET', 'maxclients', '10', 'timeout', '1')
  const idle = connect(door.port, door.host).resume()
  await once(idle, 'close')
  // The one that has set it was idle for as long; and the next one is, if it stands still for a second.
  const stats = await until('a client asks in time', async () => {
    const next = await connected(t, door)
    return next.info('stats').catch(() => undefined)
  })
  assert.match(stats, /rejected_connections:1\r\n/)
})

test('settings that another place decides are refused, and none of several is changed', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  for (const [name, value] of [
    ['requirepass', 'other'],
    ['appendonly', 'no'],
    ['notify-keyspace-events', 'KEA'],
  ] as const) {
    const text = `ERR CONFIG SET failed (possibly related to argument '${name}') - can't set immutable config`
    await assert.rejects(redis.config('SET', 'hz', '50', name, value), new RegExp(text.replaceAll(/[()]/g, '\\$&')))
  }
  assert.deepEqual(await redis.config('GET', 'hz'), ['hz', '10'])
})

test('CLIENT KILL ends whom it means, also who asks, and CLIENT UNBLOCK ends a wait', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  const [one, waiting] = [await connected(t, door), await connected(t, door)]
  const id = await one.client('ID')
  const closed = once(one, 'close')
  assert.equal(await redis.client('KILL', 'ID', id), 1)
  await closed
  await assert.rejects(redis.client('KILL', '192.0.2.1:1'), /ERR No such client/)
  const popped = assert.rejects(waiting.blpop('none', 0), /UNBLOCKED client unblocked via CLIENT UNBLOCK/)
  const waitingId = async () => /^id=(\d+) .*flags=b/m.exec(String(await redis.client('LIST')))?.[1]
  const blockedId = await until('it waits', waitingId)
  assert.match(await redis.info('clients'), /blocked_clients:1\r\n/)
  assert.equal(await redis.client('UNBLOCK', blockedId, 'ERROR'), 1)
  await popped
  const own = once(redis, 'close')
  assert.equal(await redis.client('KILL', 'SKIPME', 'no'), 2)
  await own
})

test('SAVE takes a snapshot, and LASTSAVE knows when', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  await redis.set('a', '1')
  const begun = await redis.lastsave()
  assert.equal(await redis.save(), 'OK')
  assert.equal(readdirSync(join(door.dir, 'snapshots')).filter(name => name.endsWith('.db')).length, 1)
  assert.ok((await redis.lastsave()) >= begun)
  assert.match(await redis.info('persistence'), /rdb_last_bgsave_status:ok/)
})

test('SLOWLOG and the statistics of commands count what was done', async t => {
  const door = await openNetworkDoor(t, { password: 'right' })
  const redis = await connected(t, door)
  await redis.config('RESETSTAT')
  await redis.config('SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '2')
  await redis.set('a', 'x'.repeat(200))
  await assert.rejects(redis.lpush('a', '1'), /WRONGTYPE/)
  const entries = (await redis.slowlog('GET', 1)) as [number, number, number, string[]][]
  assert.deepEqual(entries[0]?.[3], ['lpush', 'a', '1'])
  assert.equal(await redis.slowlog('LEN'), 2)
  const info = await redis.info('commandstats')
  assert.match(info, /cmdstat_set:calls=1,/)
  assert.match(info, /cmdstat_lpush:calls=1,.*failed_calls=1/)
  assert.match(await redis.info('errorstats'), /errorstat_WRONGTYPE:count=1/)
})
