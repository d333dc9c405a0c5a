import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './errors.ts'

/**
 * Makes a folder with all that is missing above it, one by one. Node's own `recursive` tries for ever, and keeps the process
 * from ending, where the system refuses a folder with ENOENT: `/proc/saola`.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const missing: string[] = []
  for (let folder = path; !(await isThere(folder)); folder = dirname(folder)) missing.unshift(folder)
  for (const folder of missing) {
    await mkdir(folder, mode).catch(error => {
      // Somebody else was faster.
      if (codeOf(error) !== 'EEXIST') throw error
    })
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return path === dirname(path)
  }
}
