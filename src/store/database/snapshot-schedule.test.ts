import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SnapshotSchedule } from './snapshot-schedule.ts'

const hour = 3_600_000

test('a snapshot is taken each time when something has changed, and the oldest go', async t => {
  const { names, events, state, pass, start } = prepare(t)
  start({ keep: 2 })
  await pass(hour)
  assert.deepEqual(names(), ['store-2026-01-01T01-00-00.000Z.db'])
  await pass(hour)
  assert.equal(names().length, 1)
  for (let i = 0; i < 3; i++) {
    state.changes++
    await pass(hour)
  }
  assert.deepEqual(names(), ['store-2026-01-01T04-00-00.000Z.db', 'store-2026-01-01T05-00-00.000Z.db'])
  assert.equal(events.filter(event => event === 'store.snapshot.taken').length, 4)
})

test('when a snapshot fails the older ones stay, and it is tried again after a minute', async t => {
  const { names, events, state, pass, start } = prepare(t)
  start({ keep: 1 })
  await pass(hour)
  state.changes++
  state.error = new Error('the disk is full')
  await pass(hour)
  assert.deepEqual(events, ['store.snapshot.taken', 'store.snapshot.failed'])
  assert.deepEqual(names(), ['store-2026-01-01T01-00-00.000Z.db'])
  state.error = undefined
  await pass(60_000)
  assert.deepEqual(names(), ['store-2026-01-01T02-01-00.000Z.db'])
})

test('files that others have put there are left alone, those of a killed owner are not', async t => {
  const { folder, names, state, pass, start } = prepare(t)
  const foreign = ['before-migration.db', 'store-old.db']
  const leftovers = ['store-2026-01-01T00-00-00.000Z.db.partial', 'x.db.partial.sha256', 'x.db.partial-journal']
  for (const name of [...foreign, ...leftovers]) writeFileSync(join(folder, name), '')
  start({ keep: 1 })
  for (let i = 0; i < 2; i++) {
    state.changes++
    await pass(hour)
  }
  assert.deepEqual(names(), ['before-migration.db', 'store-2026-01-01T02-00-00.000Z.db', 'store-old.db'])
})

test('a restart neither puts the next snapshot off nor takes one too early', async t => {
  const { folder, names, pass, start } = prepare(t)
  writeFileSync(join(folder, 'store-2025-12-31T23-20-00.000Z.db'), '')
  start({ keep: 9, hasFiles: true })
  await pass(hour / 3 - 1)
  assert.equal(names().length, 1)
  await pass(1)
  assert.equal(names().length, 2)
})

test('the one just taken stays when the clock has gone back', async t => {
  const { folder, names, pass, start } = prepare(t)
  for (const year of [2031, 2032]) writeFileSync(join(folder, `store-${year}-01-01T00-00-00.000Z.db`), '')
  start({ keep: 2 })
  await pass(hour)
  assert.deepEqual(names(), ['store-2026-01-01T01-00-00.000Z.db', 'store-2032-01-01T00-00-00.000Z.db'])
})

test('without changes since the last snapshot of an earlier owner none is taken', async t => {
  const { folder, names, start, state } = prepare(t)
  writeFileSync(join(folder, 'store-2999-01-01T00-00-00.000Z.db'), '')
  state.changes = 0
  const schedule = start({ keep: 9, hasFiles: true })
  assert.equal(await schedule.run(), undefined)
  assert.equal(names().length, 1)
})

test('a stopped schedule takes none', async t => {
  const { names, pass, start } = prepare(t)
  start({ keep: 9 }).stop()
  await pass(3 * hour)
  assert.deepEqual(names(), [])
})

function prepare(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-schedule-'))
  const folder = join(dir, 'snapshots')
  mkdirSync(folder)
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1) })
  const events: string[] = []
  const state: { changes: number; error: Error | undefined } = { changes: 1, error: undefined }
  const schedules: SnapshotSchedule[] = []
  t.after(() => {
    for (const schedule of schedules) schedule.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  const take = async (file: string) => {
    if (state.error) throw state.error
    writeFileSync(file, '')
    return { file, sizeBytes: 0, takenAt: 0, rows: {}, sha256: '' }
  }
  const start = ({ keep, hasFiles = false }: { keep: number; hasFiles?: boolean }) => {
    if (hasFiles) writeFileSync(join(dir, 'store.db'), '')
    const log = (event: string) => void events.push(event)
    const schedule = new SnapshotSchedule({ dir, everyMs: hour, keep, take, changes: () => state.changes, log })
    schedules.push(schedule)
    return schedule
  }
  /** Lets time pass, and what is due then end. */
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms)
    await new Promise(resolve => setImmediate(resolve))
  }
  const names = () => readdirSync(folder).map(name => basename(name))
  return { folder, names, events, state, pass, start }
}
