import type { Readable } from 'node:stream'
import type { Address } from '../base/address.ts'
import type { Protocol } from '../ipc/status.ts'
import type { GroupSpec } from './fleet.ts'
import type { ListenSocket } from './sockets.ts'
import type { Launch } from './spawn-process.ts'
import type { ProgramLaunch } from './spawn-program.ts'

/** Where lines of a child go when they do not go to the supervisor's own output. */
export interface LogFile {
  readonly file: string
  readonly maxBytes: number
  readonly backups: number
}

/** Where the lines of one child go; `undefined`: to the supervisor's own output. */
export interface OutputFiles {
  readonly stdout: LogFile | undefined
  readonly stderr: LogFile | undefined
}

/** A group of children of Saola's own kind, which speak with the supervisor, as it runs them. */
export interface ChildDefinition extends OutputFiles {
  readonly spec: GroupSpec
  /** How one process of it is started. Its sockets are inherited only when the workers accept. */
  launch(place: Place): Launch
}

/** A group of programs: any command, which knows nothing of Saola. */
export interface ProgramDefinition {
  readonly spec: GroupSpec
  /** What it inherits from fd 3 on, listening. */
  readonly addresses: readonly Address[]
  /** How one process of it is started. */
  launch(place: Place): ProgramLaunch
  filesOf(index: number): OutputFiles
  /** Looks at a process that has been started, from outside, until it is ended. */
  watch(program: WatchedProgram): ProgramWatch
}

export interface WatchedProgram {
  readonly index: number
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** It is ready, as far as its probe can tell. */
  onReady(): void
  /** Why its probe does not find it ready. */
  onWaiting(reason: string): void
  /** Its checks have failed as often as they may. */
  onUnhealthy(reason: string): void
}

export interface ProgramWatch {
  /** It is up: from now on its health counts. */
  serves(): void
  end(): void
}

/** Who has listen sockets: an application, a program that is given some, a service that shows the tree. */
export interface Listening {
  readonly spec: GroupSpec
  readonly addresses: readonly Address[]
}

/** What runs beside the applications, for them: the shared store, and what runs tasks. */
export interface ServiceDefinition extends ChildDefinition {
  /** With the tree, or when somebody uses it. */
  readonly starts: 'with the tree' | 'when used'
  /** What it accepts from; none by default. */
  readonly addresses?: readonly Address[]
}

/** An application as the supervisor runs it: resolved, and free of everything that only its processes need. */
export interface AppDefinition extends ChildDefinition {
  /** What answers, for people: the file of the application, or what the edge does without one. */
  readonly entry: string
  readonly addresses: readonly Address[]
  /** What is spoken on each of them. */
  readonly protocols: readonly Protocol[]
  /** What its workers speak TLS with, as it is now. */
  credentials(): object | undefined
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
  readonly lane: number
  readonly generation: number
  readonly sockets: readonly ListenSocket[]
}

export function isApp(definition: ChildDefinition | ProgramDefinition): definition is AppDefinition {
  return definition.spec.kind === 'web'
}

/** Those that accept have sockets, which their processes inherit. */
export function isListening<Definition extends ChildDefinition | ProgramDefinition>(
  definition: Definition,
): definition is Definition & Listening {
  return 'addresses' in definition
}

export function isProgram(definition: ChildDefinition | ProgramDefinition): definition is ProgramDefinition {
  return definition.spec.kind === 'program'
}

/** Who accepts connections: the workers from the shared socket, or the supervisor for a balance that must choose. */
export function acceptorOf({ balance }: Pick<AppDefinition, 'balance'>): 'worker' | 'supervisor' {
  return balance === 'shared' ? 'worker' : 'supervisor'
}
