import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Argument } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'

function open(limits = {}) {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now, limits })
  return { engine, clock, run: (name: string, ...args: Argument[]) => engine.call([name, ...args]) }
}

test('no command makes a value above the limit, nor takes memory for one', async () => {
  const { engine, run } = open({ valueBytesMax: 1000 })
  await run('set', 'a', 'x'.repeat(999))
  const before = process.memoryUsage().arrayBuffers
  const tooLarge = { code: 'STORE_VALUE_TOO_LARGE' }
  await assert.rejects(run('append', 'a', 'xx'), tooLarge)
  await assert.rejects(run('setrange', 'a', 999, 'xx'), tooLarge)
  await assert.rejects(run('setrange', 'new', 400_000_000, 'x'), tooLarge)
  await assert.rejects(run('setbit', 'new', 4_000_000_000, 1), tooLarge)
  await assert.rejects(run('bitfield', 'new', 'SET', 'u8', 4_000_000_000, 1), tooLarge)
  await assert.rejects(run('setrange', 'new', 536_870_912, 'x'), /exceeds maximum allowed size/)
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000)
  assert.equal(await run('exists', 'new'), 0)
  assert.equal(await run('strlen', 'a'), 999)
  assert.equal(await run('setbit', 'new', 7999, 1), 0)
  assert.equal(await run('strlen', 'new'), 1000)
  await engine.close()
})

test('a time to live is kept, changed and ended with the value', async () => {
  const { engine, run, clock } = open()
  await run('rpush', 'a', 'x')
  await run('pexpire', 'a', 5000)
  // Also in the place of something else.
  await run('set', 'a', 'text', 'KEEPTTL')
  assert.equal(await run('pttl', 'a'), 5000)
  await run('append', 'a', 'x'.repeat(100))
  await run('incr', 'n')
  await run('getex', 'n', 'px', 100)
  assert.deepEqual([await run('pttl', 'a'), await run('pttl', 'n')], [5000, 100])
  await run('incr', 'n')
  engine.moveClock(() => {
    clock.now += 100
  })
  assert.equal(await run('get', 'n'), null)
  await run('getex', 'a', 'exat', 1)
  assert.equal(await run('exists', 'a'), 0)
  await engine.close()
})

test('counters have 64 bits, and what saola/store counts stays exact in JavaScript', async () => {
  const { engine, run } = open()
  await run('set', 'n', '9007199254740991')
  await assert.rejects(run('saola.counter.increment', 'n', 1, 0), { code: 'STORE_NOT_A_NUMBER' })
  assert.equal(await run('incrby', 'n', '9214364837600034816'), 9223372036854775807n)
  await assert.rejects(run('incr', 'n'), /increment or decrement would overflow/)
  assert.equal(String(await run('get', 'n')), '9223372036854775807')
  await engine.close()
})
