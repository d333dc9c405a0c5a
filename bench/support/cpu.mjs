// What processes have used of the processor: what a busy machine takes from the rates, it does not add to this.
import { readdirSync, readFileSync } from 'node:fs'

/** `USER_HZ`, the unit of /proc, is this on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU seconds so far of these processes and all that they have started, with all their threads. Undefined but on Linux. */
export function cpuSeconds(pids) {
  if (process.platform !== 'linux') return undefined
  const all = readAll()
  const isCounted = ({ pid, parent }) => pids.includes(pid) || (all.has(parent) && isCounted(all.get(parent)))
  let ticks = 0
  for (const each of all.values()) if (isCounted(each)) ticks += each.ticks
  return ticks / ticksPerSecond
}

function readAll() {
  const all = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      // Behind the name of the program, which may have spaces and brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // utime, stime, and the same of the children that it has waited for.
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
      all.set(Number(name), { pid: Number(name), parent: Number(fields[1]), ticks })
    } catch {
      // It has ended meanwhile.
    }
  }
  return all
}
