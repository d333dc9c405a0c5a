import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../engines/engine.ts'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

/** `engine.transaction`: all or nothing, and on what was read. */
export function transactionConformance(open: OpenEngine): void {
  test('all calls are carried out, in their order, and answered', async t => {
    const { engine } = await openSubject(open, t)
    const calls: Call[] = [
      ['hset', '{t}h', 'f', 'x'],
      ['hget', '{t}h', 'f'],
      ['incr', '{t}c'],
      ['incrby', '{t}c', 10],
      ['del', '{t}h'],
    ]
    assert.deepEqual(await engine.transaction([], calls), [1, Buffer.from('x'), 1, 11, 1])
    assert.equal(await engine.call(['exists', '{t}h', '{t}c']), 1)
    assert.deepEqual(await engine.transaction([], []), [])
  })

  test('a call that fails undoes all, and nothing is left of them', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['set', '{t}text', 'x'])
    await engine.call(['hset', '{t}h', 'old', 'x'])
    const calls: Call[] = [
      ['hset', '{t}h', 'new', 'x'],
      ['hset', '{t}made', 'f', 'x'],
      ['pexpire', '{t}h', 1],
      ['del', '{t}text'],
      ['set', '{t}text', 'y'],
      ['hget', '{t}text', 'f'],
    ]
    await assert.rejects(engine.transaction([], calls), { code: 'STORE_WRONG_TYPE' })
    assert.deepEqual(await engine.call(['get', '{t}text']), Buffer.from('x'))
    assert.deepEqual([await engine.call(['hlen', '{t}h']), await engine.call(['pttl', '{t}h'])], [1, -1])
    assert.equal(await engine.call(['exists', '{t}made']), 0)
    assert.equal(await engine.call(['dbsize']), 2)
  })

  test('it is carried out only if what was read is still so', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['hset', 'h', 'f', 'x', 'g', 'y'])
    const reads: Call[] = [
      ['hget', 'h', 'f'],
      ['hget', 'h', 'absent'],
      ['hmget', 'h', 'f', 'g'],
      ['hlen', 'h'],
      ['hgetall', 'h'],
      ['type', 'h'],
    ]
    const checks = await Promise.all(reads.map(async call => ({ call, reply: await engine.call(call) })))
    assert.deepEqual(await engine.transaction(checks, [['hset', 'h', 'f', 'z']]), [0])
    for (const check of checks.filter(({ call }) => ['hmget', 'hgetall'].includes(call[0]))) {
      assert.equal(await engine.transaction([check], [['flushall']]), undefined)
    }
    assert.equal(await engine.transaction(checks, [['flushall']]), undefined)
    assert.deepEqual(await engine.call(['hget', 'h', 'f']), Buffer.from('z'))
  })

  test('of those who have read the same, one succeeds', async t => {
    const { engine } = await openSubject(open, t)
    const check = { call: ['get', 'c'] as Call, reply: await engine.call(['get', 'c']) }
    const tries = Array.from({ length: 10 }, () => engine.transaction([check], [['incr', 'c']]))
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1)
    assert.deepEqual(await engine.call(['get', 'c']), Buffer.from('1'))
  })

  test('what it publishes is heard when it has succeeded, and never when it has not', async t => {
    const { engine } = await openSubject(open, t)
    const heard = new Heard<string>()
    await engine.subscribe('topic', false, { message: (_, text) => heard.add(String(text)), gap: () => {} })
    await assert.rejects(
      engine.transaction(
        [],
        [
          ['publish', 'topic', 'never'],
          ['set', 'a', 'x'],
          ['hlen', 'a'],
        ],
      ),
    )
    assert.deepEqual(await engine.transaction([], [['publish', 'topic', 'sent']]), [1])
    assert.deepEqual(await heard.count(1), ['sent'])
  })

  test('what waits or is one itself cannot be part of it', async t => {
    const { engine } = await openSubject(open, t)
    for (const call of [
      ['saola.transaction', 0, 0],
      ['ping'],
      ['saola.subscribe', 'a'],
      ['nonsense'],
      ['get'],
    ] as Call[]) {
      await assert.rejects(engine.transaction([], [['set', 'a', 'x'], call]), { code: 'STORE_COMMAND' }, call[0])
    }
    assert.equal(await engine.call(['exists', 'a']), 0)
  })
}
