/** What a connection says of an owner that is not there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultSpec, socketOf } from '../owner/owner-spec.ts'
import { runOwner } from '../owner/run-owner.ts'
import { EmbeddedEngine } from './embedded.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

test('an absence is counted from when the owner went, not from one before it', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'saola-absence-'))
  const spec = { ...defaultSpec, dir, snapshots: { everyMs: 0, keep: 1 } }
  const start = () => runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  let owner: Awaited<ReturnType<typeof start>> | undefined = await start()
  const summons = new EventTarget()
  const engine = new EmbeddedEngine({
    dir,
    socketPath: () => socketOf(dir),
    summonOwner: detail => void summons.dispatchEvent(new CustomEvent('absent', { detail })),
  })
  t.after(async () => {
    await engine.close()
    await owner?.close()
    await rm(dir, { recursive: true })
  })
  const nextAbsence = async () => ((await once(summons, 'absent')) as [CustomEvent<number>])[0].detail

  await engine.call(['ping'])
  await owner.close()
  const call = engine.call(['ping'])
  const first = await nextAbsence()
  const longer = await nextAbsence()
  assert.ok(longer > first, `${first} ms, then ${longer} ms`)
  owner = await start()
  await call

  const wentAt = performance.now()
  await owner.close()
  owner = undefined
  const absentMs = await nextAbsence()
  const sinceMs = performance.now() - wentAt
  assert.ok(absentMs <= sinceMs, `${absentMs} ms, but it went ${sinceMs} ms ago`)
})
