import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** The most workers that one application may have: far above any machine's cores, far below its process table. */
export const workersMax = 1024

/** What of the machine is looked at; tests put their own in its place. */
export interface Machine {
  readonly parallelism: number
  /** The content of a file, or undefined when there is none. */
  readFile(path: string): string | undefined
}

const thisMachine: Machine = {
  get parallelism() {
    return availableParallelism()
  },
  readFile(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // Not every machine has this file: that is an answer, not a fault.
      return undefined
    }
  },
}

/**
 * How many processes can compute at the same time here: the cores, capped by the CPU quota of the control group
 * (versions 1 and 2), at least 1. A quota of 2.5 counts as 2: a throttled event loop stalls all of its requests.
 */
export function countCpus(machine: Machine = thisMachine): number {
  const groups = machine.readFile('/proc/self/cgroup')?.split('\n') ?? []
  const quotas = groups.flatMap(line => quotasOf(line, machine))
  return Math.max(1, Math.floor(Math.min(machine.parallelism, ...quotas)))
}

/** The quotas along one line of /proc/self/cgroup, `id:controllers:path`: every group above this one counts, too. */
function quotasOf(line: string, machine: Machine): number[] {
  const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
  if (controllers === undefined || path === undefined) return []
  if (controllers !== '' && !controllers.split(',').includes('cpu')) return []
  return foldersUpwards(path).flatMap(folder => {
    const quota = controllers === '' ? unifiedQuota(folder, machine) : legacyQuota(folder, machine)
    return quota === undefined ? [] : [quota]
  })
}

/** `/a/b` gives `/a/b`, `/a` and `/`. Inside a container the path can be the host's: then only `/` exists. */
function foldersUpwards(path: string): string[] {
  const names = path.split('/').filter(name => name !== '')
  return Array.from({ length: names.length + 1 }, (_, up) => `/${names.slice(0, names.length - up).join('/')}`)
}

function unifiedQuota(folder: string, machine: Machine): number | undefined {
  const [quota, period] =
    machine
      .readFile(join('/sys/fs/cgroup', folder, 'cpu.max'))
      ?.trim()
      .split(' ') ?? []
  return quotient(quota, period)
}

function legacyQuota(folder: string, machine: Machine): number | undefined {
  const quota = machine.readFile(join('/sys/fs/cgroup/cpu', folder, 'cpu.cfs_quota_us'))
  const period = machine.readFile(join('/sys/fs/cgroup/cpu', folder, 'cpu.cfs_period_us'))
  return quotient(quota, period)
}

/** `max` and -1 mean: no quota. */
function quotient(quota: string | undefined, period: string | undefined): number | undefined {
  const cpus = Number(quota) / Number(period)
  return cpus > 0 && Number.isFinite(cpus) ? cpus : undefined
}
