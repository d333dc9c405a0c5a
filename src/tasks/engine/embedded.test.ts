import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { EmbeddedEngine } from '../../store/engines/embedded.ts'
import { defaultSpec, socketOf } from '../../store/owner/owner-spec.ts'
import { runOwner } from '../../store/owner/run-owner.ts'
import { taskConformance } from './conformance/conformance.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

let shared: ReturnType<typeof startOwner> | undefined

after(async () => (await shared)?.close())

taskConformance('an owner and its processes', async t => {
  shared ??= startOwner()
  const { dir } = await shared
  const engines: EmbeddedEngine[] = []
  const openOther = () => {
    const engine = new EmbeddedEngine({ dir, socketPath: () => socketOf(dir), summonOwner: () => {} })
    engines.push(engine)
    return engine
  }
  t.after(async () => {
    // What was sent is carried out before the next test begins.
    await Promise.allSettled(engines.map(engine => engine.call(['ping'])))
    await Promise.all(engines.map(engine => engine.close()))
  })
  const engine = openOther()
  await engine.call(['flushall'])
  return { engine, openOther, runs: 10 }
})

async function startOwner() {
  const dir = await mkdtemp(join(tmpdir(), 'saola-tasks-'))
  const spec = { ...defaultSpec, dir, snapshots: { everyMs: 0, keep: 1 } }
  const owner = await runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  return {
    dir,
    async close() {
      await owner.close()
      await rm(dir, { recursive: true })
    },
  }
}
