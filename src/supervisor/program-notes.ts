/**
 * What a supervisor notes of its programs in case that it is killed. A worker sees that its supervisor is gone, and ends; a
 * program cannot, and lives on with its port and its files. The next start finds the note here, and ends what is left
 * (orphans.ts). Which process a note is about is certain: its number, when it began, and which boot and container counts so.
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { ChildEvents, RunningChild } from './child-process.ts'
import { type GroupSpec, nameOf } from './fleet.ts'
import { ticksAtStart } from './pid-file.ts'
import { startProgram } from './program-process.ts'
import type { ProgramLaunch } from './spawn-program.ts'

export interface ProgramNote {
  /** Also that of its process group. */
  readonly pid: number
  /** `redis:0` */
  readonly name: string
  /** In ticks of the kernel since it booted. */
  readonly startedAt: number
  /** Who counts processes and ticks. */
  readonly counter: string
  readonly stopSignal: NodeJS.Signals
  readonly stopsGroup: boolean
  readonly stopTimeoutMs: number
}

/** One file a process, since each is written and removed for itself, in a moment in which nobody waits for a disk. */
export class ProgramNotes {
  readonly #folder: string
  readonly #log: Log
  #isInTrouble = false

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  /**
   * Starts a program, which is noted for as long as it lives.
   *
   * @throws as startProgram does.
   */
  start(
    place: { readonly group: string; readonly index: number },
    spec: GroupSpec,
    launch: ProgramLaunch,
    { exit }: Pick<ChildEvents, 'exit'>,
  ): RunningChild {
    const running = startProgram(launch, {
      exit: (...how) => {
        forget(this.#folder, running.pid)
        exit(...how)
      },
    })
    this.#add(running.pid, nameOf(place), spec)
    return running
  }

  /** Where the system does not say when a process began, nothing is noted: it could be somebody else by then. */
  #add(pid: number, name: string, { program, stopTimeoutMs }: GroupSpec): void {
    const [startedAt, counter] = [ticksAtStart(pid), processCounter()]
    if (startedAt === undefined || counter === undefined || !program) return
    const { stopSignal, stopsGroup } = program
    const note: ProgramNote = { pid, name, startedAt, counter, stopSignal, stopsGroup, stopTimeoutMs }
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      writeFileSync(fileOf(this.#folder, pid), JSON.stringify(note), { mode: 0o600 })
    } catch (error) {
      // A folder that is read-only, say. The tree works without; only what comes after a kill does not.
      if (!this.#isInTrouble) this.#log.warn('programs.unnoted', { folder: this.#folder, error: messageOf(error) })
      this.#isInTrouble = true
    }
  }
}

/** What was noted and not removed. What cannot be read was being written when its writer was killed. */
export function readNotes(folder: string): ProgramNote[] {
  return filesIn(folder).flatMap(file => {
    try {
      return [JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProgramNote]
    } catch {
      return []
    }
  })
}

/** Removes the note of a process, or all of them. */
export function forget(folder: string, pid?: number): void {
  try {
    rmSync(pid === undefined ? folder : fileOf(folder, pid), { recursive: pid === undefined, force: true })
  } catch {
    // A note too many is about a process that is not there any more: whoever reads it sees that.
  }
}

function fileOf(folder: string, pid: number): string {
  return join(folder, `${pid}.json`)
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

let counter: string | undefined

/** Numbers and times of processes are those of one boot of the kernel, and of one container. */
export function processCounter(): string | undefined {
  try {
    counter ??= `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
    return counter
  } catch {
    return undefined
  }
}
