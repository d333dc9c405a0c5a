import type { Address } from '../base/address.ts'
import type { GroupSpec } from './fleet.ts'
import type { ListenSocket } from './sockets.ts'
import type { Launch } from './spawn-process.ts'

/** Where lines of a child go when they do not go to the supervisor's own output. */
export interface LogFile {
  readonly file: string
  readonly maxBytes: number
  readonly backups: number
}

/** An application as the supervisor runs it: resolved, and free of everything that only its processes need. */
export interface AppDefinition {
  readonly spec: GroupSpec
  /** The file that is served, for people. */
  readonly entry: string
  readonly addresses: readonly Address[]
  readonly balance: 'shared' | 'round-robin' | 'least-connections' | 'sticky'
  /** Sticky by cookie: its name. */
  readonly stickyCookie: string | undefined
  readonly backlog: number
  readonly maxConnections: number
  readonly stdout: LogFile | undefined
  readonly stderr: LogFile | undefined
  /** `undefined`: the supervisor's own output. */
  readonly accessLog: LogFile | undefined
  /** How one process of it is started. Its sockets are inherited only when the workers accept. */
  launch(place: Place): Launch
}

export interface Place {
  readonly index: number
  readonly generation: number
  readonly sockets: readonly ListenSocket[]
}

/** Who accepts connections: the workers from the shared socket, or the supervisor for a balance that must choose. */
export function acceptorOf({ balance }: Pick<AppDefinition, 'balance'>): 'worker' | 'supervisor' {
  return balance === 'shared' ? 'worker' : 'supervisor'
}
