import { readdirSync, readFileSync } from 'node:fs'
import { readProcessStat } from '../../src/supervisor/process-stat.ts'

/** In the environment of every process of a tree under test, and so of everything that one of them starts. */
export const markName = 'SAOLA_TEST_TREE'

/**
 * The processes that carry this mark, wherever they hang in the tree of processes: orphans too. By what a process
 * carries and not by remembered numbers, because a number may belong to somebody else by now. Linux only;
 * elsewhere nothing is found.
 */
export function processesMarked(mark: string): number[] {
  if (process.platform !== 'linux') return []
  const wanted = `${markName}=${mark}\0`
  const ids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return ids.filter(id => environmentOf(id).includes(wanted)).map(Number)
}

// The kernel takes a moment to end a process, and a busy machine a longer one.
const killPatienceMs = 5_000
const killAgainMs = 5

/** Kills them at once, and what they have started in the meantime. Returns when they are gone. */
export function killMarked(mark: string): void {
  const giveUpAt = performance.now() + killPatienceMs
  do {
    const ids = processesMarked(mark)
    if (ids.length === 0) return
    for (const id of ids) signalProcess(id, 'SIGKILL')
    // Not asynchronous: it runs when a process exits, too.
    Atomics.wait(pause, 0, 0, killAgainMs)
  } while (performance.now() < giveUpAt)
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Sends a signal. Whether there was anyone to get it: 0 is nobody, and not the processes of the test itself. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (!(pid > 0)) return false
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Whether it still has anything: one that is ending keeps its files and locks for a moment. Linux only. */
export function isRunning(pid: number): boolean {
  const [state = ''] = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return state !== '' && state !== 'Z' && state !== 'X'
}

/** For how many milliseconds a process has worked since it began. Linux only. */
export function workMsOf(pid = 0): number {
  const stat = readProcessStat(pid)
  if (!stat) throw new Error(`process ${pid} has gone`)
  return 10 * stat.cpuTicks
}

/** The children of a process that have ended and were not waited for. Linux only. */
export function zombiesOf(parent: number): number[] {
  return childrenOf(parent).flatMap(({ id, state }) => (state === 'Z' ? [id] : []))
}

/** The processes that this one has started, zombies included. Linux only. */
export function childrenOf(parent: number): { id: number; state: string }[] {
  const ids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return ids.flatMap(id => {
    // After the name, which may hold anything: state and parent.
    const [state = '', ppid] = read(`/proc/${id}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(ppid) === parent ? [{ id: Number(id), state }] : []
  })
}

function environmentOf(id: string): string {
  return `${read(`/proc/${id}/environ`)}\0`
}

/** Empty when the process is gone, or somebody else's. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
