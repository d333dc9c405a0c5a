import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { runAgainstBoth } from './support/door.ts'

test('ioredis finds what it expects, with every type', async t => {
  await runAgainstBoth(t, async path => {
    const open = () => new Redis({ path, lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null })
    const clients = [open(), open()] as const
    try {
      await Promise.all(clients.map(client => client.connect()))
      await session(...clients)
    } finally {
      for (const client of clients) client.disconnect()
    }
  })
})

async function session(redis: Redis, other: Redis): Promise<void> {
  assert.equal(await redis.flushall(), 'OK')
  await strings(redis)
  await collections(redis)
  await sortedSets(redis)
  await scans(redis)
  await transactions(redis, other)
  await messages(redis, other)
  await waiting(redis, other)
  await connections(redis)
}

async function strings(redis: Redis): Promise<void> {
  assert.equal(await redis.set('text', 'hello'), 'OK')
  assert.equal(await redis.set('text', 'no', 'NX'), null)
  assert.equal(await redis.append('text', ' you'), 9)
  assert.equal(await redis.getrange('text', 0, 4), 'hello')
  assert.equal(await redis.strlen('text'), 9)
  assert.equal(await redis.incrby('number', 41), 41)
  assert.equal(await redis.incr('number'), 42)
  assert.equal(await redis.incrbyfloat('number', 0.5), '42.5')
  assert.deepEqual(await redis.mget('text', 'missing', 'number'), ['hello you', null, '42.5'])
  assert.equal(await redis.setbit('bits', 7, 1), 0)
  assert.equal(await redis.bitcount('bits'), 1)
  const bytes = Buffer.from([0, 255, 13, 10, 128])
  await redis.set(bytes, bytes)
  assert.deepEqual(await redis.getBuffer(bytes), bytes)
  await redis.set('short', 'life', 'PX', 60_000)
  assert.ok((await redis.pttl('short')) > 50_000)
  assert.equal(await redis.persist('short'), 1)
  assert.equal(await redis.ttl('short'), -1)
  assert.equal(await redis.pexpire('short', -1), 1)
  assert.equal(await redis.exists('short', 'text'), 1)
  await assert.rejects(redis.lpush('text', 'x'), /^ReplyError: WRONGTYPE Operation against a key/)
  await assert.rejects(redis.incr('text'), /ERR value is not an integer or out of range/)
}

async function collections(redis: Redis): Promise<void> {
  assert.equal(await redis.hset('hash', { a: '1', b: '2' }), 2)
  assert.deepEqual(await redis.hgetall('hash'), { a: '1', b: '2' })
  assert.equal(await redis.hincrby('hash', 'a', 2), 3)
  assert.deepEqual(await redis.hmget('hash', 'a', 'x'), ['3', null])
  assert.equal(await redis.rpush('list', 'a', 'b', 'c'), 3)
  assert.equal(await redis.lpush('list', 'z'), 4)
  assert.deepEqual(await redis.lrange('list', 0, -1), ['z', 'a', 'b', 'c'])
  assert.equal(await redis.lmove('list', 'other', 'LEFT', 'RIGHT'), 'z')
  assert.equal(await redis.lpos('list', 'c'), 2)
  assert.equal(await redis.rpop('list'), 'c')
  assert.equal(await redis.sadd('set', 'a', 'b', 'b'), 2)
  await redis.sadd('set2', 'b', 'c')
  assert.deepEqual((await redis.sunion('set', 'set2')).toSorted(), ['a', 'b', 'c'])
  assert.deepEqual(await redis.sinter('set', 'set2'), ['b'])
  assert.deepEqual(await redis.smismember('set', 'a', 'x'), [1, 0])
}

async function sortedSets(redis: Redis): Promise<void> {
  assert.equal(await redis.zadd('board', 1, 'one', 2.5, 'two', '+inf', 'most'), 3)
  assert.equal(await redis.zincrby('board', 1, 'one'), '2')
  assert.equal(await redis.zscore('board', 'most'), 'inf')
  assert.deepEqual(await redis.zrange('board', 0, 1, 'WITHSCORES'), ['one', '2', 'two', '2.5'])
  assert.deepEqual(await redis.zrangebyscore('board', '(2', '+inf'), ['two', 'most'])
  assert.equal(await redis.zrevrank('board', 'one'), 2)
  assert.deepEqual(await redis.zpopmin('board'), ['one', '2'])
  await redis.zadd('letters', 0, 'a', 0, 'b', 0, 'c')
  assert.deepEqual(await redis.zrangebylex('letters', '[b', '+'), ['b', 'c'])
  assert.equal(await redis.zunionstore('all', 2, 'board', 'letters'), 5)
}

async function scans(redis: Redis): Promise<void> {
  const pipeline = redis.pipeline()
  for (let i = 0; i < 500; i++) pipeline.set(`scan:${i}`, i).hset('large', `f${i}`, i).sadd('crowd', i)
  const results = await pipeline.exec()
  assert.equal(results?.length, 1500)
  assert.ok(results?.every(([error]) => error === null))
  const keys = new Set<string>()
  for await (const page of redis.scanStream({ match: 'scan:*', count: 50 })) for (const key of page) keys.add(key)
  assert.equal(keys.size, 500)
  const fields = new Map<string, string>()
  for await (const page of redis.hscanStream('large')) {
    for (let i = 0; i < page.length; i += 2) fields.set(page[i], page[i + 1])
  }
  assert.equal(fields.size, 500)
  assert.equal(fields.get('f499'), '499')
  const members = new Set<string>()
  for await (const page of redis.sscanStream('crowd', { match: '1*' })) for (const member of page) members.add(member)
  assert.equal(members.size, 111)
}

async function transactions(redis: Redis, other: Redis): Promise<void> {
  const results = await redis.multi().set('one', 1).incr('one').get('one').exec()
  assert.deepEqual(results, [
    [null, 'OK'],
    [null, 2],
    [null, '2'],
  ])
  await redis.watch('one')
  await other.set('one', 'changed')
  assert.equal(await redis.multi().set('one', 'mine').exec(), null)
  assert.equal(await redis.get('one'), 'changed')
  const failing = await redis.multi().set('one', 'text').incr('one').set('two', 2).exec()
  assert.match(String(failing?.[1]?.[0]), /not an integer/)
  assert.equal(await redis.get('two'), '2')
}

async function messages(redis: Redis, other: Redis): Promise<void> {
  const listener = redis.duplicate()
  try {
    assert.equal(await listener.subscribe('news'), 1)
    assert.equal(await listener.psubscribe('n*'), 2)
    const direct = once(listener, 'message')
    const byPattern = once(listener, 'pmessage')
    assert.equal(await other.publish('news', 'hello'), 2)
    assert.deepEqual(await direct, ['news', 'hello'])
    assert.deepEqual(await byPattern, ['n*', 'news', 'hello'])
    assert.deepEqual(await other.pubsub('NUMSUB', 'news'), ['news', 1])
    assert.equal(await listener.unsubscribe('news'), 1)
    assert.equal(await listener.punsubscribe('n*'), 0)
    assert.equal(await listener.ping(), 'PONG')
  } finally {
    listener.disconnect()
  }
}

async function waiting(redis: Redis, other: Redis): Promise<void> {
  const popped = redis.blpop('queue', 10)
  const behind = redis.get('two')
  await other.rpush('queue', 'job')
  assert.deepEqual(await popped, ['queue', 'job'])
  assert.equal(await behind, '2')
  assert.equal(await redis.blpop('queue', 0.05), null)
  const least = redis.bzpopmin('waited', 10)
  await other.zadd('waited', 7, 'member')
  assert.deepEqual(await least, ['waited', 'member', '7'])
}

async function connections(redis: Redis): Promise<void> {
  assert.equal(await redis.client('SETNAME', 'worker-1'), 'OK')
  assert.equal(await redis.client('GETNAME'), 'worker-1')
  assert.match(String(await redis.client('LIST')), /name=worker-1/)
  assert.equal(await redis.select(3), 'OK')
  assert.equal(await redis.get('text'), null)
  await redis.set('here', '3')
  assert.equal(await redis.dbsize(), 1)
  await redis.flushdb()
  assert.equal(await redis.select(0), 'OK')
  assert.ok((await redis.dbsize()) > 500)
  assert.match(await redis.info('server'), /redis_version:7\./)
  await assert.rejects(redis.call('NOSUCH', 'a'), /unknown command 'NOSUCH', with args beginning with: 'a'/)
  assert.equal(await redis.config('SET', 'hash-max-listpack-entries', '64'), 'OK')
  assert.deepEqual(await redis.config('GET', 'hash-max-listpack-entries'), ['hash-max-listpack-entries', '64'])
  assert.equal(await redis.quit(), 'OK')
}
