import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { readProcessStat } from './process-stat.ts'

// Linux counts the times of processes in hundredths of a second, whatever its kernel was built with.
const tickMs = 10
// The time of the file and that of the start come from two clocks, one of which can be set.
const clockErrorMs = 10_000

/**
 * Writes this process' id. A file that a dead process left is replaced.
 *
 * @returns what removes the file again, if it is still ours.
 * @throws {ServerError} ERR_ALREADY_RUNNING when the process in it lives.
 */
export function writePidFile(path: string): () => void {
  const other = readPid(path)
  if (other !== undefined && other !== process.pid && isHeld(path, other)) {
    throw new ServerError('ERR_ALREADY_RUNNING', `Process ${other} holds the pid file ${path}. Stop it first.`)
  }
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 })
  } catch (error) {
    throw new ServerError('ERR_CONFIG_INVALID', `Cannot write the pid file ${path} (${messageOf(error)}).`, {
      cause: error,
    })
  }
  return () => {
    if (readPid(path) === process.pid) unlinkSync(path)
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim())
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** Whether the process that wrote the file lives. Its number may be a younger one's by now: in a container it soon is. */
function isHeld(path: string, pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (codeOf(error) !== 'EPERM') return false
  }
  const startedAtMs = startOf(pid)
  return startedAtMs === undefined || startedAtMs <= statSync(path).mtimeMs + clockErrorMs
}

/** When a process began, in milliseconds since 1970; undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  const [other, own] = [ticksAtStart(pid), ticksAtStart(process.pid)]
  return other === undefined || own === undefined ? undefined : performance.timeOrigin + (other - own) * tickMs
}

/** In ticks since the boot. Undefined of one that has ended, also when nobody has asked how: a zombie. */
export function ticksAtStart(pid: number): number | undefined {
  const stat = readProcessStat(pid)
  return stat?.state === 'Z' ? undefined : stat?.startedAtTicks
}
