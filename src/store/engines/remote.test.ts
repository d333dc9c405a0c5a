import { after } from 'node:test'
import { certificate } from '../../../test/support/certificate.ts'
import { type NetworkDoor, openNetworkDoor, tlsFiles } from '../../../test/support/network-door.ts'
import type { Ending } from '../../../test/support/redis-server.ts'
import type { StoreLimits } from '../commands/command.ts'
import { conformance } from '../conformance/conformance.ts'
import type { EmbeddedEngine } from './embedded.ts'
import { openRemoteEngine } from './remote.ts'

const password = 'the password of this test'
/** An owner takes a tenth of a second to begin and to end: one for all tests that do not ask for limits. */
let shared: Promise<NetworkDoor> | undefined
const endings: (() => unknown)[] = []
const suite = { after: (end: () => unknown) => void endings.push(end) }

after(async () => {
  for (const end of endings.reverse()) await end()
})

conformance('the engine of a process on another machine, over TLS', async (t, limits) => {
  if (!limits) shared ??= open(suite, {})
  const door = await (limits ? open(t, limits) : (shared as Promise<NetworkDoor>))
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
  })
  const engine = openOther()
  await engine.call(['flushall'])
  return { engine, openOther, runs: 20 }
})

function open(t: Ending, limits: Partial<StoreLimits>): Promise<NetworkDoor> {
  return openNetworkDoor(t, { password, tls: tlsFiles(t) }, limits)
}
