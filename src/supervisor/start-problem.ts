import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

interface Attempt {
  readonly command: string
  readonly cwd: string
  readonly uid: number | undefined
}

/**
 * Why a process could not be started. What was there when the configuration was checked may be gone by now; the rest only the
 * kernel knows, and Node tells it too late.
 */
export function startProblem({ command, cwd, uid }: Attempt): string {
  if (!existsSync(cwd)) return `Cannot start ${command} (its folder ${cwd} does not exist any more).`
  const file = resolve(cwd, command)
  if (command.includes('/') && !existsSync(file)) return `Cannot start ${command} (${file} does not exist any more).`
  return `Cannot start ${command} in ${cwd}${uid === undefined ? '' : ` as uid ${uid}`}. Check that it is there and may be run.`
}
