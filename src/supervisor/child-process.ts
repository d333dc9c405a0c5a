/** One child as an operating-system process: started with what it inherits, spoken to, and killed with its group. */
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { messageOf } from '../base/errors.ts'
import { isSaolaMessage, sendToWorker } from '../ipc/channel.ts'
import type { FromWorker, StackReply, ToWorker } from '../ipc/messages.ts'
import { takeEarly } from './early-child.ts'
import { type Launch, spawnProcess, workerFds } from './spawn-process.ts'
import { StderrTail } from './stderr-tail.ts'

export interface ChildEvents {
  message(message: FromWorker): void
  stack(reply: StackReply): void
  /** `stderr` is the last of what it printed, if it never was ready. */
  exit(code: number | null, signal: string | null, stderr: Promise<string>): void
}

export interface RunningChild {
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  readonly accessLog: Readable
  send(message: ToWorker, handle?: object, keepOpen?: boolean): boolean
  /** Asks the watch thread for the stack of the main thread, blocked or not. */
  askStack(id: number): void
  /** Sends a signal to the child and to all that it started. */
  kill(signal: NodeJS.Signals): void
}

// A line of the watch pipe holds a stack of at most 50 frames.
const watchLineMax = 64 * 1024

/**
 * Starts a child in a process group of its own.
 *
 * @throws when the process cannot be started: no such command, no such folder, no memory, no more processes.
 */
export function startChild(launch: Launch, events: ChildEvents): RunningChild {
  const child = takeEarly(launch) ?? spawnProcess(launch)
  const { pid } = child
  if (pid === undefined) throw new Error(startProblem(child, launch))
  child.on('error', () => {})
  const pipes = child.stdio as readonly unknown[]
  const tail = new StderrTail(pipes[2] as Readable)
  child.on('message', message => {
    if (!isSaolaMessage(message)) return
    if ((message as FromWorker).type === 'saola.ready') tail.forget()
    events.message(message as FromWorker)
  })
  child.once('exit', (code, signal) => {
    // What it started must not outlive it, and must not hold its pipes open.
    killGroup(pid, 'SIGKILL')
    events.exit(code, signal, tail.end())
  })
  const watch = pipes[workerFds.watch] as Duplex
  readLines(watch, line => events.stack(JSON.parse(line) as StackReply))
  return {
    pid,
    stdout: pipes[1] as Readable,
    stderr: pipes[2] as Readable,
    accessLog: pipes[workerFds.accessLog] as Readable,
    send: (message, handle, keepOpen) => sendToWorker(child, message, handle as never, keepOpen),
    askStack: id => void watch.write(`${JSON.stringify({ type: 'stack', id })}\n`),
    kill: signal => killGroup(pid, signal),
  }
}

function startProblem(child: ChildProcess, launch: Launch): string {
  // Node reports the reason in an 'error' event of the next tick; it must not go unheard.
  child.on('error', () => {})
  return `Cannot start ${launch.command} in ${launch.cwd} as uid ${launch.uid ?? 'of the supervisor'}. Check that all three exist.`
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: the whole group is gone, which is what was wanted.
  }
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
        // Only a worker gone mad writes there what is no JSON; it is not worth a supervisor.
        process.emitWarning(`A worker's watch pipe is garbled: ${messageOf(error)}`)
      }
    }
  })
}
