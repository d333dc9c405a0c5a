import { rename, unlink } from 'node:fs/promises'
import { codeOf } from '../../base/errors.ts'

/**
 * Makes room for a new `path`: `path` becomes `path.1`, `path.1` becomes `path.2`, and the one beyond `backups` goes.
 * With no backups, the file is removed.
 *
 * @throws what the file system throws, but not for a file that is missing.
 */
export async function rotate(path: string, backups: number): Promise<void> {
  if (backups === 0) return ignoreMissing(unlink(path))
  for (let n = backups - 1; n >= 1; n--) await ignoreMissing(rename(`${path}.${n}`, `${path}.${n + 1}`))
  await ignoreMissing(rename(path, `${path}.1`))
}

async function ignoreMissing(done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
