import { type Address, formatAddress } from '../../base/address.ts'
import type { Settings } from '../owner/settings.ts'
import type { Connections } from './connections.ts'

/** What CONFIG shows of the door, and changes until the owner ends: how many may come, and how long they may be idle. */
export function bindDoorSettings(
  settings: Settings,
  connections: Connections,
  door: { readonly addresses: readonly Address[] },
): void {
  settings.bind('maxclients', {
    kind: { is: 'integer', from: 1, to: 2 ** 32 - 1 },
    get: () => String(connections.clientsMax),
    set: value => {
      connections.clientsMax = Number(value)
    },
  })
  settings.bind('timeout', {
    kind: { is: 'integer', from: 0, to: 2 ** 31 - 1 },
    // Seconds.
    get: () => String(Math.round(connections.idleMs / 1000)),
    set: value => {
      connections.idleMs = Number(value) * 1000
    },
  })
  const tcp = () => door.addresses.filter(address => address.kind === 'tcp')
  settings.bind('bind', { kind: { is: 'text' }, get: () => door.addresses.map(formatAddress).join(' ') })
  settings.bind('port', { kind: { is: 'text' }, get: () => String(tcp()[0]?.port ?? 0) })
}
