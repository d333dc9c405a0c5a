import { after } from 'node:test'
import { certificate } from '../../../test/support/certificate.ts'
import { openNetworkDoor, tlsFiles } from '../../../test/support/network-door.ts'
import type { Ending } from '../../../test/support/redis-server.ts'
import type { StoreLimits } from '../commands/command.ts'
import { conformance } from '../conformance/conformance.ts'
import type { EmbeddedEngine } from './embedded.ts'
import { openRemoteEngine } from './remote.ts'

const password = 'the password of this test'
/** An owner takes a tenth of a second to begin and to end: one for all tests that do not ask for limits. */
let shared: Promise<OpenDoor> | undefined

interface OpenDoor {
  readonly port: number
  close(): Promise<void>
}

after(async () => (await shared)?.close())

conformance('the engine of a process on another machine, over TLS', async (t, limits) => {
  if (!limits) shared ??= open({})
  const door = await (limits ? open(limits) : (shared as Promise<OpenDoor>))
  const engines: EmbeddedEngine[] = []
  const openOther = () => {
    const engine = openRemoteEngine({ url: `saolas://localhost:${door.port}`, password, ca: certificate.cert })
    engines.push(engine)
    return engine
  }
  t.after(async () => {
    // What was sent is carried out before the next test begins.
    await Promise.allSettled(engines.map(engine => engine.call(['ping'])))
    await Promise.all(engines.map(engine => engine.close()))
    // After them: who has lost its owner waits for another.
    if (limits) await door.close()
  })
  const engine = openOther()
  await engine.call(['flushall'])
  // The same commands as beside the owner, which has them tried more often.
  return { engine, openOther, runs: 8 }
})

async function open(limits: Partial<StoreLimits>): Promise<OpenDoor> {
  const endings: (() => unknown)[] = []
  const ending: Ending = { after: end => void endings.push(end as () => unknown) }
  const { port } = await openNetworkDoor(ending, { password, tls: tlsFiles(ending) }, limits)
  const close = async () => {
    for (const end of endings.reverse()) await end()
  }
  return { port, close }
}
