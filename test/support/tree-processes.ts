import { readdirSync, readFileSync } from 'node:fs'

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

/** Kills them at once, and what they have started in the meantime. */
export function killMarked(mark: string): void {
  for (let round = 0; round < 10; round++) {
    const ids = processesMarked(mark)
    if (ids.length === 0) return
    for (const id of ids) signalProcess(id, 'SIGKILL')
  }
}

/** Sends a signal. Whether there was anyone to get it. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function environmentOf(id: string): string {
  try {
    return `${readFileSync(`/proc/${id}/environ`, 'latin1')}\0`
  } catch {
    return ''
  }
}
