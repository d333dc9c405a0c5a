import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openNetworkDoor } from '../../../test/support/network-door.ts'
import type { Words } from '../../../test/support/raw-client.ts'
import { connectResp } from '../../../test/support/resp-client.ts'
import { type SideBySide, startSides } from '../../../test/support/side-by-side.ts'
import { until } from '../../../test/support/until.ts'

const endings: (() => unknown)[] = []
let sides: SideBySide

before(async () => {
  sides = await startSides({ after: end => void endings.push(end as () => unknown) })
})

after(async () => {
  for (const end of endings.reverse()) await end()
})

/** Each is asked for in one write, as pipelines are, of redis-server and of us. */
const same: Readonly<Record<string, readonly (readonly Words[])[]>> = {
  'a transaction answers with the list of replies': [
    [['MULTI'], ['SET', 'a', '1'], ['INCR', 'a'], ['GET', 'a'], ['EXEC'], ['GET', 'a']],
    [['MULTI'], ['EXEC']],
    [['MULTI'], ['PING'], ['ECHO', 'x'], ['UNWATCH'], ['EXEC']],
  ],
  'a command that fails leaves the others as they are': [
    [['MULTI'], ['SET', 'a', 'x'], ['INCR', 'a'], ['LPUSH', 'a', '1'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
  ],
  'after a mistake nothing is carried out': [
    [['MULTI'], ['NOPE', 'a'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
    [['MULTI'], ['SET', 'a'], ['EXEC'], ['EXEC']],
    [['MULTI', 'x'], ['EXEC', 'x'], ['EXEC']],
    [['MULTI'], ['SET', 'a', '1'], ['EXEC', 'x'], ['GET', 'a'], ['EXEC']],
    [['MULTI'], ['SAVE'], ['EXEC']],
  ],
  'what has no place in a transaction is said, and the transaction goes on': [
    [['MULTI'], ['MULTI'], ['SET', 'a', '1'], ['EXEC']],
    [['MULTI'], ['WATCH', 'a'], ['SET', 'a', '1'], ['EXEC']],
    [['EXEC'], ['DISCARD']],
  ],
  'DISCARD and RESET forget it': [
    [['MULTI'], ['SET', 'a', '1'], ['DISCARD'], ['GET', 'a'], ['EXEC']],
    [['MULTI'], ['SET', 'a', '1'], ['RESET'], ['EXEC'], ['GET', 'a']],
    [['WATCH', 'a'], ['MULTI'], ['DISCARD'], ['SET', 'a', '1'], ['MULTI'], ['SET', 'b', '1'], ['EXEC']],
  ],
  'EXEC depends on the keys of WATCH, also on what the connection itself has changed': [
    [['WATCH', 'a'], ['SET', 'a', '1'], ['MULTI'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
    [['WATCH', 'a'], ['MULTI'], ['SET', 'a', '1'], ['EXEC'], ['MULTI'], ['SET', 'a', '2'], ['EXEC'], ['GET', 'a']],
    [['WATCH', 'a', 'b'], ['SET', 'a', '1'], ['UNWATCH'], ['MULTI'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
    [['SET', 'a', '1'], ['WATCH', 'a'], ['EXPIRE', 'a', '100'], ['MULTI'], ['SET', 'b', '1'], ['EXEC']],
    [['SADD', 's', 'x'], ['WATCH', 's'], ['SREM', 's', 'x'], ['SADD', 's', 'x'], ['MULTI'], ['PING'], ['EXEC']],
    [['SET', 'a', '1'], ['WATCH', 'a'], ['DEL', 'nothing'], ['MULTI'], ['PING'], ['EXEC']],
  ],
  'EXEC sees that all keys have gone': [
    [['SET', 'a', '1'], ['WATCH', 'a'], ['FLUSHALL'], ['MULTI'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
    [['WATCH', 'a'], ['FLUSHALL'], ['MULTI'], ['SET', 'b', '1'], ['EXEC'], ['GET', 'b']],
    [['SET', 'a', '1'], ['WATCH', 'a'], ['FLUSHALL'], ['SET', 'a', '1'], ['MULTI'], ['PING'], ['EXEC']],
    [['SET', 'a', '1'], ['WATCH', 'a'], ['SELECT', '1'], ['FLUSHDB'], ['SELECT', '0'], ['MULTI'], ['PING'], ['EXEC']],
  ],
  'a key is another one in another database': [
    [['WATCH', 'a'], ['SELECT', '1'], ['SET', 'a', '2'], ['SELECT', '0'], ['MULTI'], ['SET', 'b', '1'], ['EXEC']],
    [['MULTI'], ['SELECT', '3'], ['SET', 'a', '3'], ['EXEC'], ['GET', 'a'], ['SELECT', '0'], ['GET', 'a']],
  ],
  'a command that would wait does not': [
    [['MULTI'], ['BLPOP', 'l', '0'], ['BRPOPLPUSH', 'l', 'm', '0'], ['BZPOPMIN', 'z', '0'], ['EXEC']],
    [['MULTI'], ['BLPOP', 'l', 'x'], ['LPUSH', 'l', '1'], ['BLPOP', 'l', '0'], ['EXEC']],
  ],
  'names, passwords and versions': [
    [['AUTH', 'x'], ['AUTH', 'default', 'x'], ['AUTH', 'nobody', 'x'], ['AUTH'], ['AUTH', 'a', 'b', 'c']],
    [['MULTI'], ['AUTH', 'x'], ['AUTH', 'default', 'x'], ['EXEC']],
    [['SELECT', '16'], ['SELECT', 'x'], ['SELECT', '-1'], ['SELECT', '99999999999999999999'], ['SELECT']],
    [
      ['HELLO', '1'],
      ['HELLO', 'x'],
      ['HELLO', '2', 'FOO'],
      ['HELLO', '2', 'AUTH', 'x'],
      ['HELLO', '2', 'SETNAME', 'a b'],
    ],
  ],
}

describe('a transaction over a connection', () => {
  for (const [title, cases] of Object.entries(same)) {
    it(`${title}, as in Redis`, async () => {
      for (const asked of cases) await sides.same(...asked)
    })
  }

  it('sees that a key of WATCH has reached the end of its time, cleared away or not', async () => {
    for (const client of [sides.redis, sides.saola]) {
      await client.ask([['FLUSHALL'], ['SET', 'a', '1', 'PX', '20'], ['WATCH', 'a']])
      await until('the key has expired', async () => (await client.ask([['EXISTS', 'a']]))[0]?.text === '0')
      const replies = await client.ask([['MULTI'], ['SET', 'b', '1'], ['EXEC'], ['EXISTS', 'b']])
      assert.deepEqual(
        replies.map(({ text }) => text),
        ['OK', 'QUEUED', '-1', '0'],
      )
    }
  })

  it('is refused when another connection has changed a key of WATCH', async t => {
    const door = await openNetworkDoor(t)
    const [one, other] = [await connectResp(t, door), await connectResp(t, door)]
    await one.ask('WATCH', 'a')
    await other.ask('SET', 'a', '1')
    assert.deepEqual(await one.askAll(['MULTI'], ['INCR', 'a'], ['EXEC'], ['GET', 'a']), ['OK', 'QUEUED', null, '1'])
    // The refusal has used the watch up.
    assert.deepEqual(await one.askAll(['MULTI'], ['INCR', 'a'], ['EXEC'], ['GET', 'a']), ['OK', 'QUEUED', [2], '2'])
  })

  it('keeps no more than a connection may', async t => {
    const door = await openNetworkDoor(t, { queryBytesMax: 100_000 })
    const client = await connectResp(t, door)
    await client.ask('MULTI')
    const replies = []
    for (let i = 0; i < 20; i++) replies.push(await client.ask('SET', 'a', 'x'.repeat(10_000)))
    assert.equal(replies[0], 'QUEUED')
    assert.match(String(replies.at(-1)), /more than this connection may keep/)
    assert.match(String(await client.ask('EXEC')), /^-EXECABORT/)
    assert.equal(await client.ask('EXISTS', 'a'), 0)
  })

  it('runs all at one moment, and loses nothing, beside many others', async t => {
    const door = await openNetworkDoor(t)
    const clients = await Promise.all(Array.from({ length: 8 }, () => connectResp(t, door)))
    let refused = 0
    await Promise.all(
      clients.map(async client => {
        for (let done = 0; done < 25; ) {
          const [, value] = await client.askAll(['WATCH', 'n'], ['GET', 'n'])
          const next = String(Number(value ?? 0) + 1)
          const [, , , list] = await client.askAll(['MULTI'], ['SET', 'n', next], ['INCR', 'm'], ['EXEC'])
          if (list === null) refused++
          else done++
        }
      }),
    )
    assert.deepEqual(await clients[0]?.askAll(['GET', 'n'], ['GET', 'm']), ['200', '200'])
    assert.ok(refused > 0, 'nobody came between: the test says nothing')
  })

  it('refuse a subcommand that there is not, or that lacks arguments, when it comes', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    for (const words of [
      ['CONFIG', 'NOPE'],
      ['OBJECT', 'FREQ'],
      ['CLIENT', 'SETNAME'],
      ['PUBSUB', 'NOPE'],
      ['CONFIG', 'SET'],
    ]) {
      const [, first, refused, exec] = await client.askAll(['MULTI'], ['SET', 'a', '1'], words, ['EXEC'])
      assert.equal(first, 'QUEUED')
      assert.match(String(refused), /^-ERR (?:unknown subcommand|wrong number of arguments for)/, words.join(' '))
      assert.match(String(exec), /^-EXECABORT /, words.join(' '))
      assert.equal(await client.ask('GET', 'a'), null)
    }
    const [, , exec] = await client.askAll(['MULTI'], ['CLIENT', 'ID'], ['EXEC'])
    assert.equal((exec as unknown[]).length, 1)
  })
})
