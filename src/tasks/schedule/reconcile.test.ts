import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldClock, HeldStore, startProcess, taskOf, time } from '../../../test/support/held-schedules.ts'
import { schedule } from './declared-schedule.ts'

const task = taskOf('sweep')
const first = schedule('first', { cron: '0 3 * * *' }, task, {})
const second = schedule('second', { every: '1h' }, task, {})

function held() {
  const store = new HeldStore('2026-03-01T12:00:00Z')
  return { store, clock: new HeldClock(store) }
}

function namesOf(store: HeldStore): string[] {
  return [...store.schedules.keys()].sort()
}

/** Runs it until it has seen all there is. */
async function runOnce(store: HeldStore, clock: HeldClock, options: Parameters<typeof startProcess>[2]): Promise<void> {
  const running = await startProcess(store, clock, options)
  await clock.advance(100)
  await running.close()
}

test('what newer code no longer has is removed, what others have made stays', async () => {
  const { store, clock } = held()
  await runOnce(store, clock, { schedules: [first, second] })
  await runOnce(store, clock, { schedules: [first], application: 'blog' })
  const spec = '{"every":"1m","catchUp":"one","overlap":"skip","origin":"run-time","version":1}'
  store.schedules.set('made', { name: 'made', spec, job: {} as never, next: store.now + 60_000 })
  store.schedules.set('later', { name: 'later', spec: '{"version":2}', job: {} as never, next: 0 })
  await runOnce(store, clock, { schedules: [second] })
  assert.deepEqual(namesOf(store), ['later', 'made', 'second'])
})

test('what is declared anew with other times begins anew, with another input it keeps its slot', async () => {
  const { store, clock } = held()
  await runOnce(store, clock, { schedules: [first, second] })
  const next = store.schedules.get('first')?.next
  // An outage until after its slot, which is not to be forgotten.
  store.now = Date.parse('2026-03-02T05:00:00Z')
  const changed = [
    schedule('first', { cron: '0 3 * * *' }, task, { all: true }),
    schedule('second', { every: '2h' }, task, {}),
  ]
  await runOnce(store, clock, { schedules: changed })
  assert.equal(time(next ?? 0), '2026-03-02T03:00:00Z')
  assert.deepEqual(
    store.jobs.map(({ payload }) => payload),
    ['{"all":true}'],
  )
  assert.deepEqual(store.slots, ['2026-03-02T03:00:00Z'])
  assert.equal(time(store.schedules.get('second')?.next ?? 0), '2026-03-02T06:00:00Z')
})

test('a process of older code that starts once more changes nothing, and brings nothing back', async () => {
  const { store, clock } = held()
  const old = { schedules: [first, second], generation: 1 }
  const changed = schedule('first', { cron: '0 4 * * *' }, task, {})
  await runOnce(store, clock, old)
  const running = await startProcess(store, clock, { schedules: [changed], generation: 2 })
  await clock.advance(100)
  assert.deepEqual(namesOf(store), ['first'])
  await runOnce(store, clock, old)
  assert.deepEqual(namesOf(store), ['first'], 'Nothing comes back, not even until the newer one looks again.')
  assert.match(store.schedules.get('first')?.spec ?? '', /"0 4 \* \* \*"/)
  await running.close()
})

test('code that has none removes what older code still declares', async () => {
  const { store, clock } = held()
  const running = await startProcess(store, clock, { generation: 2 })
  await runOnce(store, clock, { schedules: [first], generation: 1 })
  await clock.advance(2_100)
  assert.deepEqual(namesOf(store), [])
  await running.close()
})

test('a reload that changes nothing writes nothing', async () => {
  const { store, clock } = held()
  await runOnce(store, clock, { schedules: [first] })
  const before = store.schedules.get('first')
  const events: string[] = []
  await runOnce(store, clock, { schedules: [first], events })
  assert.equal(store.schedules.get('first'), before)
  assert.deepEqual(events, [])
})

test('a generation from a clock that was ahead does not win for ever', async () => {
  const { store, clock } = held()
  store.now += 365 * 86_400_000
  await runOnce(store, clock, { schedules: [first, second] })
  store.now -= 365 * 86_400_000
  await runOnce(store, clock, { schedules: [first] })
  assert.deepEqual(namesOf(store), ['first'])
})

test('a slot that another process fired while a changed input was written does not run again', async () => {
  const { store, clock } = held()
  await runOnce(store, clock, { schedules: [second] })
  const declared = store.schedules.get('second')
  assert.ok(declared)
  store.now = Date.parse('2026-03-01T15:00:00Z')
  await runOnce(store, clock, { schedules: [second] })
  const fired = store.schedules.get('second')
  assert.ok(fired)
  // As it was read before it was fired.
  store.schedules.set('second', { ...fired, next: declared.next })
  await runOnce(store, clock, { schedules: [second] })
  assert.deepEqual(store.slots, ['2026-03-01T15:00:00Z'])
  assert.equal(time(store.schedules.get('second')?.next ?? 0), '2026-03-01T16:00:00Z')
})

test('a name that another application has is left to it', async () => {
  const { store, clock } = held()
  await runOnce(store, clock, { schedules: [first] })
  const events: string[] = []
  await runOnce(store, clock, {
    schedules: [schedule('first', { every: '1s' }, task, {})],
    application: 'blog',
    events,
  })
  assert.deepEqual(events, ['schedule.taken first'])
  assert.match(store.schedules.get('first')?.spec ?? '', /"0 3 \* \* \*"/)
})

test('two schedules of one name are refused before anything has begun', async () => {
  const { store, clock } = held()
  await assert.rejects(startProcess(store, clock, { schedules: [first, first] }), {
    message: /"first" is declared twice/,
  })
  assert.equal(store.reads, 0)
})
