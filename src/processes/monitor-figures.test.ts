import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startRedis } from '../../test/support/redis-server.ts'
import { openEngine, openStore } from '../store/open-store.ts'
import { defaultSpec } from '../store/owner/owner-spec.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { openStoreSources } from './monitor-figures.ts'

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-figures-'))
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }))
  return dir
}

function open(t: TestContext, place: object) {
  const sources = openStoreSources(JSON.stringify(place))
  t.after(() => sources.close())
  return sources
}

async function enqueue(place: { readonly dir: string } | { readonly url: string }, queues: readonly string[]) {
  const engine = openEngine(place)
  try {
    const limits = {
      priority: 5,
      attempts: 1,
      interruptionsMax: 3,
      softMs: 0,
      hardMs: 0,
      resultMs: 60_000,
      failureMs: 60_000,
    }
    const jobs = queues.map((queue, index) => ({ id: `job-${index}`, task: 'mail', queue, payload: 'null', ...limits }))
    await new TaskEngine(engine).enqueue(jobs)
  } finally {
    await engine.close()
  }
}

test('a store in a folder tells what it holds and what it has done', async t => {
  const dir = folder(t)
  const sources = open(t, { ...defaultSpec, dir })
  assert.deepEqual(await sources.store(), { state: 'idle' })
  assert.equal(existsSync(join(dir, 'store.db')), false)
  await using store = openStore({ dir })
  await store.map('things').set('a', 1)
  const { state, keys = 0, sizeBytes = 0, rssBytes = 0, cpuSeconds = 0, commands = 0, ...seen } = await sources.store()
  assert.deepEqual([state, keys], ['open', 1])
  for (const number of [sizeBytes, rssBytes, cpuSeconds, commands]) assert.ok(number > 0)
  assert.equal(seen.connections, 2)
  assert.equal(seen.isSnapshotGood, true)
  for (const [name, value] of Object.entries(seen)) assert.notEqual(value, undefined, name)
})

test('a store in Redis tells its keys and its memory, and does not need a file', async t => {
  const { url } = await startRedis(t)
  const sources = open(t, { url, valueBytesMax: 1_000_000 })
  await using store = openStore({ url })
  await store.map('things').set('a', 1)
  const seen = await sources.store()
  assert.equal(seen.state, 'open')
  assert.ok((seen.keys ?? 0) >= 1)
  assert.ok((seen.rssBytes ?? 0) > 0)
  assert.equal(seen.commands, undefined)
})

test('tasks are counted by state and queue', async t => {
  const dir = folder(t)
  const { url } = await startRedis(t)
  for (const place of [{ dir }, { url }]) {
    await enqueue(place, ['mails', 'mails', 'reports'])
    const { counts, queues, workers, schedules, now } = await open(t, { ...defaultSpec, ...place }).tasks()
    assert.equal(counts.ready, 3)
    assert.deepEqual(
      queues.map(({ name, ready }) => [name, ready]),
      [
        ['mails', 2],
        ['reports', 1],
      ],
    )
    assert.deepEqual([workers, schedules], [[], []])
    assert.ok(Math.abs(now - Date.now()) < 60_000)
  }
})

test('a store that cannot be reached is given up after a second', async t => {
  const sources = open(t, { url: 'saola://127.0.0.1:1', valueBytesMax: 1_000_000 })
  await assert.rejects(sources.store(), { code: 'STORE_UNAVAILABLE' })
})
