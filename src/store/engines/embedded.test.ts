import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance } from '../conformance/conformance.ts'
import { defaultSpec, socketOf } from '../owner/owner-spec.ts'
import { runOwner } from '../owner/run-owner.ts'
import { EmbeddedEngine } from './embedded.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

conformance('the engine of a process beside its owner', async (t, { valueBytesMax, keysMax } = {}) => {
  const dir = await mkdtemp(join(tmpdir(), 'saola-engine-'))
  const spec = {
    ...defaultSpec,
    dir,
    ...(valueBytesMax === undefined ? {} : { valueBytesMax }),
    ...(keysMax === undefined ? {} : { keysMax }),
    snapshots: { everyMs: 0, keep: 1 },
  }
  const owner = await runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  const engine = new EmbeddedEngine({ dir, socketPath: () => socketOf(dir), summonOwner: () => {} })
  t.after(async () => {
    await engine.close()
    await owner.close()
    await rm(dir, { recursive: true })
  })
  return { engine }
})
