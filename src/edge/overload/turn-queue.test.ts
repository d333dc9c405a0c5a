import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnQueue } from './turn-queue.ts'

const limits = { targetMs: 30, intervalMs: 100, lengthMax: 5 }
const turn = () => new Promise(resolve => setImmediate(resolve))

function open(options: Partial<typeof limits> = {}) {
  const state = { now: 1000 }
  const seen: string[] = []
  const clock = { now: () => state.now, date: () => new Date(0) }
  const queue = new TurnQueue<string>({ ...limits, ...options }, clock, {
    begin: job => {
      seen.push(job)
      // What it does takes longer than a turn should.
      state.now += 10
    },
    refuse: job => seen.push(`no ${job}`),
  })
  return { queue, seen, state }
}

test('as long as a turn is short nobody waits', () => {
  const { queue, state } = open()
  assert.equal(queue.isFree(), true)
  state.now += 4
  assert.equal(queue.isFree(), true)
  state.now += 2
  assert.equal(queue.isFree(), false)
})

test('who waits is begun in the next turns, in order, one class before the other', async () => {
  const { queue, seen, state } = open()
  queue.isFree()
  state.now += 10
  assert.equal(queue.isFree(), false)
  queue.add('a', 1)
  queue.add('b', 1)
  queue.add('first', 0)
  await turn()
  assert.deepEqual(seen, ['first'])
  assert.equal(queue.isFree(), false)
  while (queue.length > 0) await turn()
  assert.deepEqual(seen, ['first', 'a', 'b'])
  await turn()
  await turn()
  assert.equal(queue.isFree(), true)
})

test('a burst may wait, a queue that stands may not', async () => {
  const { queue, seen, state } = open({ lengthMax: 100 })
  queue.isFree()
  state.now += 10
  for (let index = 0; index < 6; index++) queue.add(`burst ${index}`, 1)
  for (let turns = 0; turns < 6; turns++) await turn()
  // The last has waited for 50 ms.
  assert.equal(seen.at(-1), 'burst 5')
  for (let index = 0; index < 30; index++) queue.add(`flood ${index}`, 1)
  for (let turns = 0; turns < 20; turns++) {
    await turn()
    queue.add(`later ${turns}`, 1)
  }
  assert.ok(seen.some(text => text.startsWith('no flood')))
  // Those who come while it stands are served in time, or not at all.
  assert.ok(seen.some(text => /^later/.test(text)))
})

test('a full queue refuses who comes next', () => {
  const { queue } = open()
  queue.isFree()
  for (let index = 0; index < 5; index++) assert.equal(queue.add('x', 1), true)
  assert.equal(queue.add('x', 0), false)
})
