import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CronStage, cronDefinition } from '../../../test/support/cron-stage.ts'
import { CronRecord } from './cron-record.ts'
import { buildCronStatus } from './cron-status.ts'

function openRecord(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'saola-cron-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'cron.json')
  const troubles: unknown[] = []
  return { folder, file, troubles, record: new CronRecord(file, error => troubles.push(error)) }
}

/** An entry that has failed, and runs again in this very process. */
function stageWithRun(): CronStage {
  const stage = new CronStage('2026-01-01T00:00:30Z')
  stage.configure(cronDefinition())
  stage.pass(60_000)
  stage.end({ code: 4 })
  stage.pass(60_000)
  const [run] = stage.runs()
  if (run) run.pid = process.pid
  return stage
}

test('what was saved is there after a start: results, slots, and processes that still run', async t => {
  const { file, folder, record } = openRecord(t)
  const stage = stageWithRun()
  record.save(stage.state)
  await record.settled()
  assert.deepEqual(readdirSync(folder), ['cron.json'])
  const { entries, leftOver } = new CronRecord(file, error => assert.fail(String(error))).load()
  const { last, doneUntil } = entries.get('job') ?? assert.fail()
  assert.equal(last?.reason, 'exited with code 4')
  assert.equal(doneUntil, Date.parse('2026-01-01T00:02:00Z'))
  assert.deepEqual(
    leftOver.map(({ name, pid }) => ({ name, pid })),
    [{ name: 'job', pid: process.pid }],
  )
})

test('the last success is there after a start, also when runs have failed since', async t => {
  const { record } = openRecord(t)
  const stage = new CronStage('2026-01-01T00:00:30Z')
  stage.configure(cronDefinition())
  for (const code of [0, 4, 4]) {
    stage.pass(60_000)
    stage.end({ code })
  }
  record.save(stage.state)
  await record.settled()
  const restarted = () => {
    const stage = new CronStage('2026-01-01T01:00:00Z')
    const { entries } = record.load()
    stage.happen({ type: 'configure', definitions: [cronDefinition()], remembered: entries })
    return stage
  }
  const lastSuccessAt = '2026-01-01T00:01:30.000Z'
  assert.equal(restarted().entry().lastSuccessAt, lastSuccessAt)
  assert.equal(buildCronStatus(restarted().state)[0]?.lastSuccessAt, lastSuccessAt)
})

test('a file of an earlier version knows the last success as the last result', t => {
  const { file, record } = openRecord(t)
  const last = { startedAt: '2026-01-01T00:00:00Z', durationMs: 1_500, ok: true }
  writeFileSync(file, JSON.stringify({ version: 1, entries: { job: { last } } }))
  const stage = new CronStage('2026-01-01T01:00:00Z')
  stage.happen({ type: 'configure', definitions: [cronDefinition()], remembered: record.load().entries })
  assert.equal(stage.entry().lastSuccessAt, '2026-01-01T00:00:01.500Z')
})

test('a process that has the number of an earlier run is not taken for it', async t => {
  const { file, record } = openRecord(t)
  record.save(stageWithRun().state)
  await record.settled()
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"ticks": \d+/, '"ticks": 1'))
  assert.deepEqual(record.load().leftOver, [])
})

test('a file that is damaged, or of a later version, is no reason not to start', t => {
  const { file, record } = openRecord(t)
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"version":2}',
    '{"version":1,"entries":null}',
    '{"version":1,"entries":{"job":{}},"runs":{}}',
    '{"version":1,"entries":{"job":{"last":{"ok":true}}}}',
  ]) {
    writeFileSync(file, text)
    const { entries, leftOver } = record.load()
    assert.deepEqual(leftOver, [])
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.happen({ type: 'configure', definitions: [cronDefinition()], remembered: entries })
    assert.deepEqual(stage.take(), [])
  }
})

test('many changes are few writes, and the last one counts', async t => {
  const { file, record } = openRecord(t)
  const stage = new CronStage('2026-01-01T00:00:30Z')
  for (let i = 0; i <= 100; i++) {
    stage.configure(cronDefinition({ name: `job-${i}` }))
    record.save(stage.state)
  }
  await record.settled()
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(file, 'utf8')).entries), ['job-100'])
})

test('a folder that cannot be written is told once, until it can', async t => {
  const { folder, file, record, troubles } = openRecord(t)
  rmSync(folder, { recursive: true })
  const { state } = stageWithRun()
  for (let i = 0; i < 3; i++) {
    record.save(state)
    await record.settled()
  }
  assert.equal(troubles.length, 1)
  assert.match(String(troubles[0]), /ENOENT/)
  mkdirSync(folder)
  record.save(state)
  await record.settled()
  assert.ok(readFileSync(file, 'utf8'))
})
