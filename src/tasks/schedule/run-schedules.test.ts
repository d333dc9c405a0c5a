import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldClock, HeldStore, startProcess, taskOf, time } from '../../../test/support/held-schedules.ts'
import { newJobId } from '../job-id.ts'
import { schedule } from './declared-schedule.ts'
import { scheduledFor, slotJob } from './slot-job.ts'

const task = taskOf('sweep')
const start = '2026-03-01T12:00:00Z'

function held() {
  const store = new HeldStore(start)
  return { store, clock: new HeldClock(store) }
}

/** `12:00:01` for slots of the first of March. */
function timesOf(store: HeldStore): string[] {
  return store.slots.map(slot => slot.slice(11, -1))
}

test('a slot runs when the clock of the store has reached it, and not before', async () => {
  const { store, clock } = held()
  const running = await startProcess(store, clock, { schedules: [schedule('s', { every: '30s' }, task, { a: 1 })] })
  await clock.advance(29_999)
  assert.deepEqual(timesOf(store), [])
  await clock.advance(1)
  assert.deepEqual(timesOf(store), ['12:00:30'])
  assert.equal(store.jobs[0]?.payload, '{"a":1}')
  assert.deepEqual(store.jobs[0]?.context, { requestId: 'schedule:s@2026-03-01T12:00:30.000Z' })
  await running.close()
  await clock.advance(60_000)
  assert.equal(store.jobs.length, 1, 'Behind close nothing runs.')
})

test('of four processes one fires each slot, and the others soon stop trying', async () => {
  const { store, clock } = held()
  const every = [schedule('s', { every: '1s' }, task, {})]
  const all = await Promise.all([0, 1, 2, 3].map(() => startProcess(store, clock, { schedules: every, generation: 1 })))
  await clock.advance(20_000)
  assert.equal(new Set(store.jobs.map(({ id }) => id)).size, 20)
  assert.deepEqual(
    timesOf(store),
    Array.from({ length: 20 }, (_, i) => `12:00:${String(i + 1).padStart(2, '0')}`),
  )
  const late = store.fires.filter(fire => fire.endsWith('late'))
  assert.ok(late.length <= 3, `Only the first time all of them tried, got ${late.length} that were late.`)
  await Promise.all(all.map(running => running.close()))
})

test('when the one that fires has gone, another has done so within a tenth of a second', async () => {
  const { store, clock } = held()
  const every = [schedule('s', { every: '1s' }, task, {})]
  const first = await startProcess(store, clock, { schedules: every, generation: 1 })
  const second = await startProcess(store, clock, { schedules: every, generation: 1 })
  await clock.advance(3_500)
  await first.close()
  await clock.advance(600)
  assert.deepEqual(timesOf(store), ['12:00:01', '12:00:02', '12:00:03', '12:00:04'])
  await second.close()
})

const outages = [
  { catchUp: 'none', expected: [] },
  { catchUp: 'one', expected: ['15:00:00'] },
  { catchUp: 'all', expected: ['13:00:00', '14:00:00', '15:00:00'] },
] as const

for (const { catchUp, expected } of outages) {
  test(`behind an outage, catchUp "${catchUp}" runs ${expected.length} of three missed slots`, async () => {
    const { store, clock } = held()
    const schedules = [schedule('s', { cron: '0 * * * *', catchUp }, task, {})]
    const before = await startProcess(store, clock, { schedules })
    await clock.advance(1_000)
    await before.close()
    store.now = Date.parse('2026-03-01T15:20:00Z')
    const running = await startProcess(store, clock, { schedules })
    await clock.advance(1_000)
    assert.deepEqual(timesOf(store), expected)
    assert.equal(time(store.schedules.get('s')?.next ?? 0), '2026-03-01T16:00:00Z')
    await clock.advance(2_400_000)
    assert.deepEqual(timesOf(store), [...expected, '16:00:00'])
    await running.close()
  })
}

test('a slot that is ten seconds late is on time for catchUp "none"', async () => {
  const { store, clock } = held()
  const schedules = [schedule('s', { every: '1s', catchUp: 'none' }, task, {})]
  const before = await startProcess(store, clock, { schedules })
  await clock.advance(1_000)
  await before.close()
  await clock.advance(5_500)
  const running = await startProcess(store, clock, { schedules })
  await clock.advance(100)
  assert.deepEqual(timesOf(store), ['12:00:01', '12:00:06'])
  await running.close()
})

test('of more than a thousand missed slots the newest run, in order', async () => {
  const { store, clock } = held()
  const schedules = [schedule('s', { every: '1s', catchUp: 'all' }, task, 'x'.repeat(5_000))]
  const before = await startProcess(store, clock, { schedules })
  await clock.advance(100)
  await before.close()
  store.now += 7_200_000
  const running = await startProcess(store, clock, { schedules })
  await clock.advance(500)
  assert.equal(store.jobs.length, 1000)
  assert.equal(store.slots.at(-1), '2026-03-01T14:00:00Z')
  assert.equal(store.slots[0], '2026-03-01T13:43:21Z')
  assert.deepEqual(store.slots, store.slots.toSorted())
  assert.deepEqual(
    store.jobs.map(({ id }) => id),
    store.jobs.map(({ id }) => id).toSorted(),
    'Ids sort as slots.',
  )
  assert.ok(store.fires.length > 4, 'They come in several requests, none of which is too large.')
  await running.close()
})

test('overlap "skip" leaves out slots while the run before is not over', async () => {
  const { store, clock } = held()
  const events: string[] = []
  const running = await startProcess(store, clock, { schedules: [schedule('s', { every: '1s' }, task, {})], events })
  await clock.advance(1_000)
  store.unfinished.add(store.jobs[0]?.id ?? '')
  await clock.advance(2_000)
  store.unfinished.clear()
  await clock.advance(1_000)
  assert.deepEqual(timesOf(store), ['12:00:01', '12:00:04'])
  assert.deepEqual(events, ['schedule.declared s', 'schedule.skipped s', 'schedule.skipped s'])
  await running.close()
})

test('overlap "queue" runs them one after the other, "allow" side by side', async () => {
  const { store, clock } = held()
  const schedules = [
    schedule('queued', { every: '1s', overlap: 'queue' }, task, {}),
    schedule('allowed', { every: '1s', overlap: 'allow' }, taskOf('b', { limit: { key: 'b', max: 3 } }), {}),
  ]
  const running = await startProcess(store, clock, { schedules })
  await clock.advance(1_000)
  for (const { id } of store.jobs) store.unfinished.add(id)
  await clock.advance(1_000)
  const limits = store.jobs.map(job => [scheduledFor(job)?.name, job.limit])
  assert.equal(limits.length, 4)
  for (const [name, limit] of limits) {
    assert.deepEqual(limit, name === 'queued' ? { key: 'schedule:queued', max: 1 } : { key: 'b', max: 3 })
  }
  await running.close()
})

test('jitter delays a run by less than was asked for, and the same whoever fires', async () => {
  const delays = async () => {
    const { store, clock } = held()
    const schedules = [schedule('s', { every: '10s', jitter: '5s', overlap: 'allow' }, task, {})]
    const running = await startProcess(store, clock, { schedules })
    await clock.advance(200_000)
    await running.close()
    return store.jobs.map(({ delayMs = 0 }) => delayMs)
  }
  const found = await delays()
  assert.equal(found.length, 20)
  assert.ok(found.every(ms => ms >= 0 && ms < 5_000))
  assert.ok(new Set(found).size > 15, 'Each slot has its own.')
  assert.deepEqual(found, await delays())
})

test('what the store refuses of one schedule keeps no other from running', async () => {
  const { store, clock } = held()
  const events: string[] = []
  const schedules = ['a', 'b'].map(name => schedule(name, { every: '1s' }, task, {}))
  store.refused.set('a', new Error('no'))
  const running = await startProcess(store, clock, { schedules, events })
  await clock.advance(5_100)
  assert.deepEqual(timesOf(store), ['12:00:01', '12:00:02', '12:00:03', '12:00:04', '12:00:05'])
  store.refused.clear()
  await clock.advance(2_000)
  assert.equal(store.of('a').length, 2)
  assert.equal(events.filter(event => event === 'schedule.failed a').length, 1, 'It is said once.')
  await running.close()
})

test('an outage of the store is survived, and said once', async () => {
  const { store, clock } = held()
  const events: string[] = []
  store.failure = new Error('away')
  const running = await startProcess(store, clock, { schedules: [schedule('s', { every: '1s' }, task, {})], events })
  await clock.advance(10_000)
  assert.deepEqual(events, ['schedule.failed'])
  store.failure = undefined
  await clock.advance(4_000)
  assert.ok(timesOf(store).length >= 1)
  assert.equal(store.slots.at(-1), '2026-03-01T12:00:14Z')
  await running.close()
})

test('a clock of the store that was set back an hour repeats no hour, and silences no second', async () => {
  const { store, clock } = held()
  const schedules = [schedule('daily', { cron: '0 12 * * *' }, task, {}), schedule('fine', { every: '1s' }, task, {})]
  store.now = Date.parse('2026-03-01T11:59:58Z')
  const running = await startProcess(store, clock, { schedules })
  await clock.advance(4_000)
  assert.equal(store.jobs.length, 5)
  store.now -= 3_600_000
  await clock.advance(4_000)
  const daily = store.of('daily')
  assert.equal(daily.length, 1)
  assert.ok(store.slots.filter(slot => slot.includes('T11:00')).length >= 2)
  // The time that has passed already comes again.
  store.now = Date.parse('2026-03-01T11:59:58Z')
  const before = store.jobs.length
  await clock.advance(7_000)
  assert.equal(store.slots.filter(slot => slot === '2026-03-01T12:00:01Z').length, 2)
  assert.equal(store.of('daily').length, 1)
  assert.ok(store.jobs.length >= before + 5, 'What goes by seconds runs in both.')
  assert.equal(new Set(store.jobs.map(({ id }) => id)).size, store.jobs.length)
  await running.close()
})

test('a clock that was a year ahead silences nothing for a year', async () => {
  const { store, clock } = held()
  const running = await startProcess(store, clock, { schedules: [schedule('daily', { cron: '0 13 * * *' }, task, {})] })
  await clock.advance(100)
  store.now += 365 * 86_400_000
  await clock.advance(4_000)
  store.now -= 365 * 86_400_000
  await clock.advance(4_000)
  store.now = Date.parse('2026-03-02T13:00:01Z')
  await clock.advance(4_000)
  assert.equal(store.slots.at(-1), '2026-03-02T13:00:00Z')
  await running.close()
})

test('a job tells its slot; what it enqueues, and what a client says, does not', () => {
  const [schedule, rules] = [
    { name: 'a@b', spec: '', job: {} as never, next: 0 },
    { overlap: 'skip', jitterMs: 0 },
  ]
  const job = slotJob(schedule, rules as never, Date.parse(start), 0)
  assert.deepEqual(scheduledFor(job), { name: 'a@b', slot: new Date(start) })
  assert.equal(scheduledFor({ ...job, id: newJobId() }), undefined)
  assert.equal(scheduledFor({ id: job.id }), undefined)
  assert.equal(scheduledFor({ id: job.id, context: { requestId: 'schedule:x@Z' } }), undefined)
})
