import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { StoreLimits } from '../commands/command.ts'
import { conformance } from '../conformance/conformance.ts'
import { defaultSpec, socketOf } from '../owner/owner-spec.ts'
import { runOwner } from '../owner/run-owner.ts'
import { EmbeddedEngine } from './embedded.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

/** An owner takes a tenth of a second to begin and to end: one for all tests that do not ask for limits. */
let shared: Promise<StartedOwner> | undefined

interface StartedOwner {
  readonly dir: string
  close(): Promise<void>
}

after(async () => (await shared)?.close())

conformance('the engine of a process beside its owner', async (t, limits) => {
  if (!limits) shared ??= startOwner()
  const owner = await (limits ? startOwner(limits) : (shared as Promise<StartedOwner>))
  const engines: EmbeddedEngine[] = []
  const openOther = () => {
    const engine = new EmbeddedEngine({ dir: owner.dir, socketPath: () => socketOf(owner.dir), summonOwner: () => {} })
    engines.push(engine)
    return engine
  }
  t.after(async () => {
    // What was sent is carried out before the next test begins.
    await Promise.allSettled(engines.map(engine => engine.call(['ping'])))
    await Promise.all(engines.map(engine => engine.close()))
    if (limits) await owner.close()
  })
  const engine = openOther()
  await engine.call(['flushall'])
  return { engine, openOther, runs: 20 }
})

async function startOwner({ valueBytesMax, keysMax }: Partial<StoreLimits> = {}): Promise<StartedOwner> {
  const dir = await mkdtemp(join(tmpdir(), 'saola-engine-'))
  const spec = {
    ...defaultSpec,
    dir,
    ...(valueBytesMax === undefined ? {} : { valueBytesMax }),
    ...(keysMax === undefined ? {} : { keysMax }),
    snapshots: { everyMs: 0, keep: 1 },
  }
  const owner = await runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  const close = async () => {
    await owner.close()
    await rm(dir, { recursive: true })
  }
  return { dir, close }
}
