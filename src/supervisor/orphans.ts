/** Programs that have outlived their supervisor, which was killed. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { ticksAtStart } from './pid-file.ts'
import { readProcessGroups } from './process-groups.ts'
import { readProcessStat } from './process-stat.ts'
import { forget, type ProgramNote, processCounter, readNotes } from './program-notes.ts'
import { signalGroup } from './spawn-program.ts'

const pollMs = 50
// SIGKILL cannot be refused, but a process in an uninterruptible wait takes its time.
const killWaitMs = 5_000

/**
 * Ends what the notes in a folder say is left of a tree that was killed, as a stop of the tree would have: they hold the ports
 * and files that the next ones want. Resolves when they are gone.
 */
export async function endOrphans(folder: string, log: Log): Promise<void> {
  const notes = readNotes(folder).filter(({ counter }) => counter === processCounter())
  const groups = notes.length === 0 ? undefined : await readProcessGroups()
  const orphans = notes.filter(note => groups?.has(note.pid) && isOurs(note))
  await Promise.all(orphans.map(note => endOrphan(note, log)))
  forget(folder)
}

/** Its first process is the one that was noted, or has ended, and one of its group is a process of this program. */
function isOurs({ pid, name, startedAt }: ProgramNote): boolean {
  const ticks = ticksAtStart(pid)
  return ticks === undefined ? hasMember(pid, name) : ticks === startedAt
}

function hasMember(group: number, name: string): boolean {
  const mark = `\0SAOLA_PROGRAM=${name.replace(/:\d+$/, '')}\0`
  return readdirSync('/proc').some(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const isMember = readProcessStat(pid)?.group === group
      return isMember && `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(mark)
    } catch {
      // It has ended meanwhile, or is somebody else's.
      return false
    }
  })
}

async function endOrphan(note: ProgramNote, log: Log): Promise<void> {
  const { pid, name, stopSignal, stopsGroup, stopTimeoutMs } = note
  log.warn('program.orphan', { name, pid, reason: 'its supervisor was killed: it is ended before the tree starts' })
  if (stopsGroup) signalGroup(pid, stopSignal)
  else signalOne(pid, stopSignal)
  if (await hasEnded(note, stopTimeoutMs)) return
  log.warn('program.killed', { name, pid, reason: 'did not end in time' })
  signalGroup(pid, 'SIGKILL')
  await hasEnded(note, killWaitMs)
}

/** Whether all of a group is gone in time. When only its first process was asked, what that leaves behind is killed. */
async function hasEnded({ pid, stopsGroup }: ProgramNote, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  for (;;) {
    if (!stopsGroup && ticksAtStart(pid) === undefined) signalGroup(pid, 'SIGKILL')
    const groups = await readProcessGroups()
    if (!groups?.has(pid)) return true
    if (performance.now() >= deadline) return false
    await pause(pollMs)
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended.
  }
}
