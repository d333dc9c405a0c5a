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

/** A group of children of any kind as the supervisor runs it. */
export interface ChildDefinition {
  readonly spec: GroupSpec
  /** `undefined`: the supervisor's own output. */
  readonly stdout: LogFile | undefined
  readonly stderr: LogFile | undefined
  /** How one process of it is started. Its sockets are inherited only when the workers accept. */
  launch(place: Place): Launch
}

/** What runs beside the applications, for them: the shared store. */
export interface ServiceDefinition extends ChildDefinition {
  /** With the tree, or when somebody uses it. */
  readonly starts: 'with the tree' | 'when used'
}

/** An application as the supervisor runs it: resolved, and free of everything that only its processes need. */
export interface AppDefinition extends ChildDefinition {
  /** The file that is served, for people. */
  readonly entry: string
  readonly addresses: readonly Address[]
  readonly balance: 'shared' | 'round-robin' | 'least-connections' | 'sticky'
  /** Sticky by cookie: its name. */
  readonly stickyCookie: string | undefined
  readonly backlog: number
  readonly maxConnections: number
  /** `undefined`: the supervisor's own output. */
  readonly accessLog: LogFile | undefined
}

export interface Place {
  readonly index: number
  readonly generation: number
  readonly sockets: readonly ListenSocket[]
}

export function isApp(definition: ChildDefinition): definition is AppDefinition {
  return definition.spec.kind === 'web'
}

/** Who accepts connections: the workers from the shared socket, or the supervisor for a balance that must choose. */
export function acceptorOf({ balance }: Pick<AppDefinition, 'balance'>): 'worker' | 'supervisor' {
  return balance === 'shared' ? 'worker' : 'supervisor'
}
