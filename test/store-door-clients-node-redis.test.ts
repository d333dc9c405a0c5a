import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from 'redis'
import { runAgainstBoth } from './support/door.ts'

for (const RESP of [2, 3] as const) {
  test(`node-redis finds what it expects, with every type, in RESP${RESP}`, async t => {
    await runAgainstBoth(t, async path => {
      const clients = [open(path, RESP), open(path, RESP)] as const
      try {
        await Promise.all(clients.map(client => client.connect()))
        await session(...clients)
      } finally {
        for (const client of clients) if (client.isOpen) client.destroy()
      }
    })
  })
}

function open(path: string, RESP: 2 | 3) {
  const client = createClient({ socket: { path, tls: false, reconnectStrategy: false }, RESP, name: `resp${RESP}` })
  client.on('error', () => {})
  return client
}

type Client = ReturnType<typeof open>

async function session(redis: Client, other: Client): Promise<void> {
  assert.equal(await redis.flushAll(), 'OK')
  await strings(redis)
  await collections(redis)
  await sortedSets(redis)
  await scans(redis)
  await transactions(redis, other)
  await messages(redis, other)
  await waiting(redis, other)
  await connections(redis)
}

async function strings(redis: Client): Promise<void> {
  assert.equal(await redis.set('text', 'hello'), 'OK')
  assert.equal(await redis.set('text', 'no', { condition: 'NX' }), null)
  assert.equal(await redis.set('text', 'hello you', { GET: true }), 'hello')
  assert.equal(await redis.getRange('text', 0, 4), 'hello')
  assert.equal(await redis.incrBy('number', 41), 41)
  assert.equal(await redis.decr('number'), 40)
  assert.deepEqual(await redis.mGet(['text', 'missing']), ['hello you', null])
  assert.equal(await redis.getEx('text', { type: 'EX', value: 100 }), 'hello you')
  assert.ok((await redis.ttl('text')) > 90)
  assert.equal(await redis.setBit('bits', 9, 1), 0)
  assert.equal(await redis.bitPos('bits', 1), 9)
  await assert.rejects(redis.lPush('text', 'x'), /WRONGTYPE/)
}

async function collections(redis: Client): Promise<void> {
  assert.equal(await redis.hSet('hash', { a: '1', b: '2' }), 2)
  assert.deepEqual({ ...(await redis.hGetAll('hash')) }, { a: '1', b: '2' })
  assert.equal(await redis.hIncrByFloat('hash', 'a', 0.5), '1.5')
  assert.equal(await redis.rPush('list', ['a', 'b', 'c']), 3)
  assert.deepEqual(await redis.lRange('list', 0, -1), ['a', 'b', 'c'])
  assert.deepEqual(await redis.lmPop(['none', 'list'], 'LEFT', { COUNT: 2 }), ['list', ['a', 'b']])
  assert.equal(await redis.sAdd('set', ['a', 'b']), 2)
  await redis.sAdd('set2', ['b', 'c'])
  assert.deepEqual([...(await redis.sMembers('set'))].toSorted(), ['a', 'b'])
  assert.deepEqual([...(await redis.sDiff(['set', 'set2']))], ['a'])
  assert.equal(await redis.sInterCard(['set', 'set2']), 1)
}

async function sortedSets(redis: Client): Promise<void> {
  const members = [
    { value: 'one', score: 1 },
    { value: 'two', score: 2.5 },
    { value: 'most', score: Number.POSITIVE_INFINITY },
  ]
  assert.equal(await redis.zAdd('board', members), 3)
  assert.deepEqual(await redis.zRangeWithScores('board', 0, -1), members)
  assert.equal(await redis.zScore('board', 'two'), 2.5)
  assert.equal(await redis.zIncrBy('board', 1, 'one'), 2)
  assert.deepEqual(await redis.zmScore('board', ['one', 'missing']), [2, null])
  assert.deepEqual(await redis.zRange('board', '(2', 'inf', { BY: 'SCORE' }), ['two', 'most'])
  assert.deepEqual(await redis.zPopMax('board'), { value: 'most', score: Number.POSITIVE_INFINITY })
  assert.equal(await redis.zRank('board', 'two'), 1)
}

async function scans(redis: Client): Promise<void> {
  await Promise.all(
    Array.from({ length: 300 }, (_, i) => [redis.set(`scan:${i}`, i), redis.hSet('large', `f${i}`, i)]).flat(),
  )
  const keys = new Set<string>()
  for await (const page of redis.scanIterator({ MATCH: 'scan:*', TYPE: 'string' }))
    for (const key of page) keys.add(key)
  assert.equal(keys.size, 300)
  const fields = new Map<string, string>()
  for await (const page of redis.hScanIterator('large')) for (const { field, value } of page) fields.set(field, value)
  assert.equal(fields.size, 300)
}

async function transactions(redis: Client, other: Client): Promise<void> {
  assert.deepEqual(await redis.multi().set('one', '1').incr('one').get('one').exec(), ['OK', 2, '2'])
  await redis.watch('one')
  await other.set('one', 'changed')
  await assert.rejects(redis.multi().set('one', 'mine').exec(), /watched keys has been changed/)
  assert.equal(await redis.get('one'), 'changed')
}

async function messages(redis: Client, other: Client): Promise<void> {
  const listener = redis.duplicate()
  listener.on('error', () => {})
  await listener.connect()
  try {
    const heard: string[] = []
    const both = new Promise<void>(resolve => {
      const hear = (message: string, channel: string) => {
        heard.push(`${channel} ${message}`)
        if (heard.length === 2) resolve()
      }
      void listener
        .subscribe('news', hear)
        .then(() => listener.pSubscribe('n*', hear))
        .then(() => other.publish('news', 'hello'))
    })
    await both
    assert.deepEqual(heard, ['news hello', 'news hello'])
    assert.deepEqual({ ...(await other.pubSubNumSub(['news'])) }, { news: 1 })
    await listener.unsubscribe()
    await listener.pUnsubscribe()
  } finally {
    listener.destroy()
  }
}

async function waiting(redis: Client, other: Client): Promise<void> {
  const popped = redis.blPop('queue', 10)
  await other.rPush('queue', 'job')
  assert.deepEqual({ ...(await popped) }, { key: 'queue', element: 'job' })
  assert.equal(await redis.blPop('queue', 0.05), null)
  const least = redis.bzPopMin('waited', 10)
  await other.zAdd('waited', { score: 7, value: 'member' })
  assert.deepEqual({ ...(await least) }, { key: 'waited', value: 'member', score: 7 })
}

async function connections(redis: Client): Promise<void> {
  assert.match(String(await redis.clientGetName()), /^resp[23]$/)
  const own = await redis.clientInfo()
  assert.equal(own.id, await redis.clientId())
  assert.equal((await redis.clientList()).filter(({ name }) => name === own.name).length, 2)
  await redis.select(5)
  assert.equal(await redis.dbSize(), 0)
  await redis.select(0)
  assert.ok((await redis.dbSize()) > 300)
  const [get] = await redis.commandInfo(['get'])
  assert.equal(get?.arity, 2)
  assert.equal(get?.firstKeyIndex, 1)
  assert.deepEqual({ ...(await redis.configGet('maxmemory-policy')) }, { 'maxmemory-policy': 'noeviction' })
  assert.deepEqual(await redis.role(), { role: 'master', replicationOffest: 0, replicas: [] })
  assert.equal(await redis.ping(), 'PONG')
}
