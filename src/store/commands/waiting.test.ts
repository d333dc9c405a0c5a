import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { schema } from '../database/schema.ts'
import { type Client, newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'
import { nullList, type Reply, ReplyError } from '../resp/reply.ts'

function open(t: TestContext) {
  const clock = { now: 1_000_000 }
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const owner = new Owner({ database, now: () => clock.now, limits: { valueBytesMax: 1000, keysMax: 3 } })
  t.after(() => {
    owner.close()
    database.close()
  })
  let id = 1
  const client = (): Client => newClient({ id: id++, push: () => {}, protocol: 3 })
  const asking = client()
  const submit = (words: string, from = asking) => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const parts = words.split(' ').map(word => Buffer.from(word))
    owner.submit({ client: from, parts, answer: reply => resolve(plain(reply)) })
    return promise
  }
  return { owner, clock, client, submit }
}

function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof ReplyError) return reply.message
  return reply
}

/** A call that fails when it has changed something: the whole turn is undone, and each of its requests runs by itself. */
const undoing = 'saola.transaction 0 2 3 set s 1 3 lpush s a'

test('who was served in a turn that is undone gets the element once, and in its place', async t => {
  const { client, submit } = open(t)
  const waits = [submit('blpop l 0', client()), submit('blpop l 0', client())]
  await submit('ping')
  const [length, failure, second] = await Promise.all([submit('rpush l a'), submit(undoing), submit('rpush l b')])
  assert.match(String(failure), /wrong kind/)
  assert.deepEqual(await Promise.all(waits), [
    ['l', 'a'],
    ['l', 'b'],
  ])
  // By themselves, so those who wait come behind both.
  assert.deepEqual([length, second], [1, 2])
  assert.equal(await submit('llen l'), 0)
})

test('who begins to wait in a turn that is undone keeps its place, and waits', async t => {
  const { client, submit } = open(t)
  const first = submit('blpop l m 0', client())
  const failed = submit(undoing)
  const second = submit('blpop l 0', client())
  await failed
  await submit('rpush l a b')
  assert.deepEqual(
    [await first, await second],
    [
      ['l', 'a'],
      ['l', 'b'],
    ],
  )
})

test('who waits is not served what does not fit in, and the element stays', async t => {
  const { client, submit } = open(t)
  const moved = submit('blmove l new LEFT LEFT 0', client())
  await submit('set a 1')
  await submit('set b 1')
  await submit('rpush l x')
  assert.match(String(await moved), /there are 3 keys already/)
  assert.deepEqual(await submit('lrange l 0 -1'), ['x'])
})

test('a take of saola/store and a BLPOP get the elements in the order in which they came', async t => {
  const { client, submit } = open(t)
  const waits = [
    submit('blpop l 0', client()),
    submit('saola.list.take l LEFT 0 request', client()),
    submit('blpop l 0', client()),
  ]
  await submit('rpush l a b c')
  assert.deepEqual(await Promise.all(waits), [['l', 'a'], 'b', ['l', 'c']])
})

test('a BLPOP does not come before a take that has waited longer', async t => {
  const { client, submit } = open(t)
  const take = submit('saola.list.take l LEFT 0 request', client())
  await submit('ping')
  const [, popped] = await Promise.all([submit('rpush l a b'), submit('blpop l 0', client())])
  assert.deepEqual([await take, popped], ['a', ['l', 'b']])
})

test('the time of a wait goes on when others are served, and may be very long', async t => {
  const { owner, clock, client, submit } = open(t)
  const [short, long] = [submit('blpop l 1.5', client()), submit('blpop l 9223372036854774', client())]
  await submit('sadd l a')
  owner.moveClock(() => {
    clock.now += 1499
  })
  await submit('del l')
  let isOver = false
  short.then(() => {
    isOver = true
  })
  await submit('ping')
  assert.equal(isOver, false)
  owner.moveClock(() => {
    clock.now += 1
  })
  assert.equal(await short, nullList)
  await submit('rpush l x')
  assert.deepEqual(await long, ['l', 'x'])
})
