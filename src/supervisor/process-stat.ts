/** What the kernel says of one process, in /proc/PID/stat (proc_pid_stat(5)). */
import { readFileSync } from 'node:fs'

export interface ProcessStat {
  /** A letter: Z is a zombie, which only waits for somebody to read how it ended. */
  readonly state: string
  readonly group: number
  /** Time on a processor since its start, in ticks: hundredths of a second, whatever the kernel was built with. */
  readonly cpuTicks: number
  /** When it began, in ticks since the boot. */
  readonly startedAtTicks: number
  readonly rssPages: number
}

/** Undefined of one that has ended, and where there is no /proc. */
export function readProcessStat(pid: number | string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // From the third field on: the second is the name in brackets, in which anything may be.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const numberAt = (field: number) => Number(fields[field - 3])
    return {
      state: fields[0] ?? '',
      group: numberAt(5),
      cpuTicks: numberAt(14) + numberAt(15),
      startedAtTicks: numberAt(22),
      rssPages: numberAt(24),
    }
  } catch {
    return undefined
  }
}
