/** What the kernel knows of process groups: who of them still lives, and what they use (proc_pid_stat(5)). */
import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readProcessStat } from './process-stat.ts'

/** Of all processes of a group together, but for zombies, which only wait for somebody to read how they ended. */
export interface GroupUsage {
  processes: number
  rssBytes: number
  /** Time on a processor since their start, in milliseconds. */
  cpuMs: number
}

// Some 15 µs each: a machine with thousands of processes must not cost a turn of the loop.
const filesInTurn = 100
const ticksInSecond = 100

let underWay: Promise<ReadonlyMap<number, GroupUsage> | undefined> | undefined

/** All groups of this machine by their number, that of their first process; undefined where there is no such list. */
export function readProcessGroups(): Promise<ReadonlyMap<number, GroupUsage> | undefined> {
  underWay ??= scan().finally(() => {
    underWay = undefined
  })
  return underWay
}

async function scan(): Promise<ReadonlyMap<number, GroupUsage> | undefined> {
  const names = await readdir('/proc').catch(() => undefined)
  if (!names) return undefined
  const groups = new Map<number, GroupUsage>()
  let read = 0
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    if (++read % filesInTurn === 0) await nextTurn()
    count(groups, name)
  }
  return groups
}

function count(groups: Map<number, GroupUsage>, pid: string): void {
  const stat = readProcessStat(pid)
  if (!stat || stat.state === 'Z' || stat.state === 'X') return
  const { group } = stat
  const usage = groups.get(group) ?? { processes: 0, rssBytes: 0, cpuMs: 0 }
  usage.processes++
  usage.rssBytes += stat.rssPages * pageBytes()
  usage.cpuMs += (stat.cpuTicks * 1_000) / ticksInSecond
  groups.set(group, usage)
}

let pageSize: number | undefined

function pageBytes(): number {
  pageSize ??= Number(spawnSync('getconf', ['PAGESIZE'], { encoding: 'utf8', timeout: 5_000 }).stdout) || 4_096
  return pageSize
}
