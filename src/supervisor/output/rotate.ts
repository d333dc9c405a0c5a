import { readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { codeOf } from '../../base/errors.ts'

/**
 * Makes room for a new `path`: `path` becomes `path.1`, `path.1` becomes `path.2`, and the one beyond `backups` goes.
 * With no backups, the file is removed.
 *
 * Whoever does this may be killed between two renames. Then one number is free, and the next rotation moves only the files
 * below it: no file goes before there are `backups` of them, and their order stays.
 *
 * @throws what the file system throws, but not for a file that is missing.
 */
export async function rotate(path: string, backups: number): Promise<void> {
  if (backups === 0) return ignoreMissing(unlink(path))
  for (let n = (await firstFree(path, backups)) - 1; n >= 1; n--) {
    await ignoreMissing(rename(`${path}.${n}`, `${path}.${n + 1}`))
  }
  await ignoreMissing(rename(path, `${path}.1`))
}

/** The lowest number that no backup has; the highest that one may have if all are taken. */
async function firstFree(path: string, backups: number): Promise<number> {
  const taken = new Set(await readdir(dirname(path)))
  const name = basename(path)
  let n = 1
  while (n < backups && taken.has(`${name}.${n}`)) n++
  return n
}

async function ignoreMissing(done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
