/** One child as an operating-system process: started with what it inherits, spoken to, and killed with its group. */
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { messageOf } from '../base/errors.ts'
import { isSaolaMessage, sendToWorker } from '../ipc/channel.ts'
import { type FromWorker, type ToWorker, toldLater, type WatchReply, type WatchRequest } from '../ipc/messages.ts'
import { takeEarly } from './early-child.ts'
import type { ProgramRules } from './fleet.ts'
import { type Launch, spawnProcess, workerFds } from './spawn-process.ts'
import { signalGroup } from './spawn-program.ts'
import { startProblem } from './start-problem.ts'
import { StderrTail } from './stderr-tail.ts'

export interface ChildEvents {
  message(message: FromWorker): void
  /** The watch thread has answered. */
  watch(reply: WatchReply): void
  /** `stderr` is the last of what it printed, if it never was ready. */
  exit(code: number | null, signal: string | null, stderr: Promise<string>): void
}

export interface RunningChild {
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** A program has none. */
  readonly accessLog: Readable | undefined
  send(message: ToWorker, handle?: object, keepOpen?: boolean): boolean
  /** Asks the watch thread, which answers also when the main thread is blocked. A program has none. */
  askWatch(request: WatchRequest): void
  /** Asks it to end; `program` says what asks one. */
  drain(reason: string, program: Pick<ProgramRules, 'stopSignal' | 'stopsGroup'> | undefined): void
  /** It serves: what it prints from now on is no reason of a failed start. */
  serves(): void
  /** Sends a signal to the child and to all that it started. */
  kill(signal: NodeJS.Signals): void
}

// A line of the watch pipe holds a stack of at most 50 frames, or a piece of a profile or heap snapshot (worker/capture-desk.ts).
const watchLineMax = 512 * 1024
// Linux takes 128 KiB for one variable and refuses the process above it (execve(2), E2BIG).
const variableBytesMax = 64 * 1024

/**
 * Starts a child in a process group of its own.
 *
 * @throws when the process cannot be started: no such command, no such folder, no memory, no more processes.
 */
export function startChild(launch: Launch, events: ChildEvents): RunningChild {
  const child = takeEarly(launch) ?? startTold(launch)
  const { pid } = child
  // Node reports why a start has failed in an event of the next tick; it must not go unheard.
  child.on('error', () => {})
  if (pid === undefined) throw new Error(startProblem(launch))
  const pipes = child.stdio as readonly unknown[]
  const tail = new StderrTail(pipes[2] as Readable)
  child.on('message', message => {
    if (!isSaolaMessage(message)) return
    try {
      events.message(message as FromWorker)
    } catch (error) {
      warnOfGarbage('channel', error)
    }
  })
  child.once('exit', (code, signal) => {
    // What it started must not outlive it, and must not hold its pipes open.
    signalGroup(pid, 'SIGKILL')
    events.exit(code, signal, tail.end())
  })
  const watch = pipes[workerFds.watch] as Duplex
  readLines(watch, line => events.watch(JSON.parse(line) as WatchReply))
  return {
    pid,
    stdout: pipes[1] as Readable,
    stderr: pipes[2] as Readable,
    accessLog: pipes[workerFds.accessLog] as Readable,
    send: (message, handle, keepOpen) => sendToWorker(child, message, handle as never, keepOpen),
    askWatch: request => void watch.write(`${JSON.stringify(request)}\n`),
    drain: reason => void sendToWorker(child, { type: 'saola.drain', reason }),
    serves: () => tail.forget(),
    kill: signal => void signalGroup(pid, signal),
  }
}

/** Tells it what to be: in its environment, where it finds it at once, or over the channel when that is too long. */
function startTold(launch: Launch): ChildProcess {
  const { SAOLA_WORKER: spec } = launch.env
  if (spec === undefined || Buffer.byteLength(spec) <= variableBytesMax) return spawnProcess(launch)
  const child = spawnProcess({ ...launch, env: { ...launch.env, SAOLA_WORKER: toldLater } })
  if (child.pid !== undefined) sendToWorker(child, { type: 'saola.become', spec, inheritsSockets: true })
  return child
}

function readLines(stream: Duplex, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  stream.on('data', (chunk: string) => {
    rest += chunk
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > watchLineMax) rest = ''
    for (const line of lines) {
      try {
        onLine(line)
      } catch (error) {
        warnOfGarbage('watch pipe', error)
      }
    }
  })
}

/** Only a worker gone mad sends what is none of the messages that it may; it is not worth a supervisor. */
function warnOfGarbage(where: string, error: unknown): void {
  process.emitWarning(`A worker's ${where} is garbled: ${messageOf(error)}`)
}
