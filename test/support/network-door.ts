import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultSpec, type OwnerSpec } from '../../src/store/owner/owner-spec.ts'
import { type RunningOwner, runOwner } from '../../src/store/owner/run-owner.ts'
import type { DoorSpec } from '../../src/store/resp/door.ts'
import { certificate } from './certificate.ts'
import type { Ending } from './redis-server.ts'

const threadFile = new URL('../../src/processes/store-sync.ts', import.meta.url)

export const doorDefaults: DoorSpec = {
  listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
  allow: [],
  clientsMax: 10_000,
  idleMs: 0,
  outputBytesMax: 256 * 1024 ** 2,
  pushBytesMax: 32 * 1024 ** 2,
  queryBytesMax: 256 * 1024 ** 2,
}

export interface NetworkDoor {
  readonly host: string
  readonly port: number
  readonly dir: string
  readonly owner: RunningOwner
  /** What was logged: the event, and its fields. */
  readonly events: { readonly event: string; readonly fields: Record<string, unknown> }[]
  /** Resolves with the first event of this name, also one that was logged before. */
  event(name: string): Promise<Record<string, unknown>>
  /** Ends it before the test does. */
  close(): Promise<void>
}

/** An owner in this process, with a folder of its own and a network door. It ends with the test. */
export async function openNetworkDoor(
  t: Ending,
  door: Partial<DoorSpec> = {},
  spec: Partial<OwnerSpec> = {},
): Promise<NetworkDoor> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-door-'))
  const events: { event: string; fields: Record<string, unknown> }[] = []
  const waiting: (() => void)[] = []
  const log = (event: string, fields: Record<string, unknown>) => {
    events.push({ event, fields })
    for (const tell of waiting.splice(0)) tell()
  }
  let owner: RunningOwner | undefined
  const close = async () => {
    const open = owner
    owner = undefined
    await open?.close({ isForGood: true })
  }
  t.after(async () => {
    await close()
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  owner = await runOwner(
    { ...defaultSpec, snapshots: { everyMs: 0, keep: 1 }, ...spec, dir, door: { ...doorDefaults, ...door } },
    { threadFile, onIdle: () => {}, log },
  )
  const [address] = owner.addresses
  const { host, port } = address?.kind === 'tcp' ? address : { host: '', port: 0 }
  const event = async (name: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const found = events.find(({ event: known }) => known === name)
      if (found) return found.fields
      await new Promise<void>(resolve => waiting.push(resolve))
    }
  }
  return { host, port, dir, owner, events, event, close }
}

/** The files of a certificate for localhost, as store.tls wants them. They go with the test. */
export function tlsFiles(t: Ending): { readonly cert: string; readonly key: string; readonly requireCert: false } {
  const dir = mkdtempSync(join(tmpdir(), 'saola-tls-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  writeFileSync(cert, certificate.cert)
  writeFileSync(key, certificate.key, { mode: 0o600 })
  return { cert, key, requireCert: false }
}
