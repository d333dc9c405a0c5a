import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

const hour = 3_600_000

/** Rates that all processes share. */
export function rateLimitConformance(open: OpenEngine): void {
  test('gives as many tokens as there are, and says how long the next one takes', async t => {
    const { store } = await openSubject(open, t)
    const take = (needed: number) => store.command('saola.ratelimit.take', 'r', 10, hour, 5, needed, 0, 1)
    assert.deepEqual(await take(3), [3, 2, 0])
    const [granted, left, waitMs] = (await take(10)) as number[]
    assert.deepEqual([granted, left], [2, 0])
    // One in six minutes, but for the time that the calls took.
    assert.ok(Number(waitMs) > 350_000 && Number(waitMs) <= 360_000, String(waitMs))
    const [none, nothing] = (await take(1)) as number[]
    assert.deepEqual([none, nothing], [0, 0])
  })

  test('tokens come back with the time, and the key ends when all of them have', async t => {
    const { store, pass } = await openSubject(open, t)
    // One in 500 ms.
    const take = async (needed: number) =>
      (await store.command('saola.ratelimit.take', 'r', 2, 1000, 2, needed, 0, 1)) as number[]
    const from = performance.now()
    assert.equal((await take(2))[0], 2)
    await pass(510)
    const [none, left] = await take(0)
    const [granted] = await take(9)
    // The second one is there only if the machine took so long.
    const most = performance.now() - from < 990 ? 1 : 2
    assert.equal(none, 0)
    for (const one of [left, granted]) assert.ok(one && one <= most, `${one} of ${most}`)
    await pass(1010)
    assert.equal(await store.type('r'), 'none')
    assert.deepEqual((await take(9)).slice(0, 2), [2, 0])
  })

  test('of what is wanted ahead it gives only a share of what nobody needs', async t => {
    const { store } = await openSubject(open, t)
    const take = (needed: number, ahead: number) =>
      store.command('saola.ratelimit.take', 'r', 1, hour, 10, needed, ahead, 4)
    assert.deepEqual(await take(1, 100), [3, 7, 0])
    assert.deepEqual(await take(4, 100), [4, 3, 0])
    assert.deepEqual(await take(0, 100), [0, 3, 0])
    assert.deepEqual(((await take(3, 100)) as number[]).slice(0, 2), [3, 0])
  })

  test('takes back what was not used, and no more than there can be', async t => {
    const { store } = await openSubject(open, t)
    const take = (needed: number) => store.command('saola.ratelimit.take', 'r', 1, hour, 4, needed, 0, 1)
    const giveBack = (tokens: number) => store.command('saola.ratelimit.return', 'r', 1, hour, 4, tokens)
    assert.equal(await giveBack(1), 0)
    await take(4)
    assert.equal(await giveBack(2), 1)
    assert.deepEqual(((await take(9)) as number[]).slice(0, 2), [2, 0])
    assert.equal(await giveBack(100), 1)
    assert.deepEqual(((await take(9)) as number[]).slice(0, 2), [4, 0])
  })

  test('two processes that take at once get no more than there is', async t => {
    const { store, other } = await openSubject(open, t)
    const second = other()
    const takes = Array.from({ length: 60 }, (_, i) =>
      (i % 2 ? store : second).command('saola.ratelimit.take', 'r', 1, hour, 25, 1, 0, 1),
    )
    const granted = (await Promise.all(takes)).map(reply => (reply as number[])[0] as number)
    assert.equal(
      granted.reduce((sum, one) => sum + one, 0),
      25,
    )
  })

  test('what is no rate is refused, and changes nothing', async t => {
    const { store } = await openSubject(open, t)
    for (const wrong of [
      [0, 1000, 1, 1, 0, 1],
      [1, 0, 1, 1, 0, 1],
      [1, 1000, 0, 1, 0, 1],
      [1, 1000, 1, -1, 0, 1],
      [1, 1000, 1, 1, -1, 1],
      [1, 1000, 1, 1, 0, 0],
      ['x', 1000, 1, 1, 0, 1],
      [1, hour, 3_000_000_000, 1, 0, 1],
    ]) {
      await assert.rejects(store.command('saola.ratelimit.take', 'r', ...wrong), String(wrong))
    }
    await assert.rejects(store.command('saola.ratelimit.return', 'r', 1, 1000, 1, -1))
    assert.equal(await store.type('r'), 'none')
    await store.command('set', 'r', 'a text')
    await assert.rejects(store.command('saola.ratelimit.take', 'r', 1, 1000, 1, 1, 0, 1), {
      code: 'STORE_VALUE_UNREADABLE',
    })
    await store.command('rpush', 'l', 'x')
    await assert.rejects(store.command('saola.ratelimit.take', 'l', 1, 1000, 1, 1, 0, 1), { code: 'STORE_WRONG_TYPE' })
  })
}
