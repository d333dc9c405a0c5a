import { readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

/**
 * Writes this process' id. A file that a dead process left is replaced.
 *
 * @returns what removes the file again, if it is still ours.
 * @throws {ServerError} ERR_ALREADY_RUNNING when the process in it lives.
 */
export function writePidFile(path: string): () => void {
  const other = readPid(path)
  if (other !== undefined && other !== process.pid && isAlive(other)) {
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(error) === 'EPERM'
  }
}
