/** Turns of a rate when somebody is late for one, and when the clock is set. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { jobsOf, openStage, session } from './task-stage.ts'

const rate = { key: 'k', count: 1, periodMs: 1000, burst: 1 }

async function openRated(t: TestContext) {
  const stage = openStage(t)
  const client = stage.connect()
  await stage.submit(client, 'enter', 'w', 's', 80_000_000, session)
  let requests = 0
  return {
    ...stage,
    add: (ids: readonly string[], own: object = {}) => stage.submit(client, 'enqueue', jobsOf(ids, { rate, ...own })),
    async take(): Promise<string> {
      // One that can always be had: a claim without anything would wait.
      const free = `free${requests++}`
      await stage.submit(client, 'enqueue', jobsOf([free], { priority: 9 }))
      const jobs = JSON.parse(await stage.submit(client, 'claim', 'w', '["q"]', 9, 0, free)) as { id: string }[]
      return jobs.flatMap(({ id }) => (id === free ? [] : [id])).join(' ')
    },
  }
}

test('one that is late puts off all behind it, in their order, and nobody begins sooner', async t => {
  const { add, take, pass } = await openRated(t)
  await add(['a', 'b', 'c', 'd', 'e', 'f'])
  assert.equal(await take(), 'a')
  pass(2700)
  for (const id of ['b', 'c', 'd', 'e']) {
    assert.equal(await take(), id)
    pass(999)
    assert.equal(await take(), '')
    pass(1)
  }
  assert.equal(await take(), 'f')
})

test('after a second standstill nobody comes before those ahead of it, who have learned of the first', async t => {
  const { add, take, pass } = await openRated(t)
  await add(['a', 'b', 'c', 'd', 'e', 'f'])
  assert.equal(await take(), 'a')
  pass(2700)
  assert.equal(await take(), 'b')
  pass(2000)
  for (const id of ['c', 'd', 'e', 'f']) {
    assert.equal(await take(), id)
    pass(1000)
  }
})

test('looks that are a little late do not add up', async t => {
  const { add, take, pass, time } = await openRated(t)
  const ids = Array.from({ length: 40 }, (_, i) => `j${i}`)
  const from = time.wall
  await add(ids)
  for (const [i, id] of ids.entries()) {
    pass(from + i * 1000 + (i % 3) * 150 - time.wall)
    assert.equal(await take(), id)
  }
})

test('one that was passed over by a greater priority has the next turn', async t => {
  const { add, take, pass } = await openRated(t)
  await add(['a', 'b', 'c'])
  assert.equal(await take(), 'a')
  await add(['first'], { priority: 1 })
  assert.equal(await take(), '')
  await add(['d', 'e'])
  assert.equal(await take(), '')
  pass(3400)
  for (const id of ['first', 'b', 'c', 'd', 'e']) {
    assert.equal(await take(), id)
    pass(1000)
  }
})

test('one that was kept from its turn by a pause does not put off the others for so long', async t => {
  const { add, take, pass, database } = await openRated(t)
  await add(['a', 'b'])
  assert.equal(await take(), 'a')
  database.exec("UPDATE task_jobs SET due = due + 1800000 WHERE id = 'b'")
  pass(1_800_500)
  await add(['c', 'd', 'e'], { priority: 1 })
  const begun: string[] = []
  for (let i = 0; i < 5; i++) {
    begun.push(await take())
    pass(1000)
  }
  assert.deepEqual(begun.filter(Boolean).sort(), ['b', 'c', 'd', 'e'])
})

test('a clock that is set back by an hour lets nobody who comes then wait for times of before', async t => {
  const { owner, add, take, pass, time } = await openRated(t)
  await add(['a', 'b', 'c'])
  assert.equal(await take(), 'a')
  owner.moveClock(() => {
    time.wall -= 3_600_000
  })
  await add(['d'])
  assert.equal(await take(), '')
  pass(3000)
  assert.equal(await take(), 'd')
  pass(3_600_000)
  assert.equal(await take(), 'b')
  pass(1000)
  assert.equal(await take(), 'c')
})

test('times beyond all numbers are one time', async t => {
  const { add, take, pass, database } = await openRated(t)
  await add(['a', 'b'])
  assert.equal(await take(), 'a')
  database.exec(`UPDATE task_rates SET reserved = ${Number.MAX_SAFE_INTEGER - 1}`)
  await add(['c', 'd'])
  assert.equal(await take(), '')
  pass(1000)
  assert.equal(await take(), 'b')
})
