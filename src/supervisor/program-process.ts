/** A program as an operating-system process: started with its group, asked by a signal, and ended with all that it started. */
import { setTimeout as pause } from 'node:timers/promises'
import { isSaolaMessage } from '../ipc/channel.ts'
import type { FromWorker } from '../ipc/messages.ts'
import type { ChildEvents, RunningChild } from './child-process.ts'
import { readProcessGroups } from './process-groups.ts'
import { type ProgramLaunch, signalGroup, spawnProgram } from './spawn-program.ts'
import { startProblem } from './start-problem.ts'
import { StderrTail } from './stderr-tail.ts'

// There is no event for the end of a group; only one that outlives its leader is looked at so often.
const groupPollMs = 50

export interface ProgramEvents extends Pick<ChildEvents, 'exit'> {
  /** Of one with a channel. */
  message?(message: FromWorker): void
}

/**
 * Starts a program in a process group of its own.
 *
 * @throws when the process cannot be started: no such command, no such folder, no memory, no more processes.
 */
export function startProgram(launch: ProgramLaunch, events: ProgramEvents): RunningChild {
  const { child, stdout, stderr } = spawnProgram(launch)
  const { pid } = child
  if (pid === undefined) {
    stdout.destroy()
    stderr.destroy()
    const [command = ''] = launch.argv
    throw new Error(startProblem({ ...launch, command }))
  }
  const tail = new StderrTail(launch.mergesStderr ? stdout : stderr)
  /** All of its group was asked to end. */
  let isAsked = false
  let isKilled = false
  if (launch.hasChannel)
    child.on('message', message => isSaolaMessage(message) && events.message?.(message as FromWorker))
  child.once('exit', (code, signal) => {
    const end = () => events.exit(code, signal, tail.end())
    // What was asked to end may take its time, also when the first of it is gone; what has ended by itself leaves nothing.
    if (isAsked && !isKilled) void awaitGroup(pid, () => isKilled).then(end)
    else {
      signalGroup(pid, 'SIGKILL')
      end()
    }
  })
  return {
    pid,
    stdout,
    stderr,
    accessLog: undefined,
    send: () => false,
    askWatch: () => {},
    serves: () => tail.forget(),
    drain(_reason, program) {
      const signal = program?.stopSignal ?? 'SIGTERM'
      isAsked = program?.stopsGroup !== false
      if (isAsked) signalGroup(pid, signal)
      else child.kill(signal)
    },
    kill(signal) {
      isKilled ||= signal === 'SIGKILL'
      signalGroup(pid, signal)
    },
  }
}

/** Resolves when nobody of a group lives, or it was killed. Zombies are left to whoever reaps orphans on this machine. */
async function awaitGroup(pid: number, isKilled: () => boolean): Promise<void> {
  while (!isKilled() && signalGroup(pid, 0)) {
    const groups = await readProcessGroups()
    if (groups && !groups.has(pid)) return
    await pause(groupPollMs)
  }
}
