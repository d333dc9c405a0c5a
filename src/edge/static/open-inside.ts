/**
 * Opens a file and proves afterwards where it is. To check a path and then to open it would leave a moment in which a
 * directory can become a symbolic link; here the file is open first, and what the path leads to must be that same file.
 */
import fs, { type Stats } from 'node:fs'
import { promisify } from 'node:util'
import type { Mount } from './mount.ts'

const open = promisify(fs.open)
const fstat = promisify(fs.fstat)
const stat = promisify(fs.stat)
const realpath = promisify(fs.realpath.native)

/** A named pipe must not hold the open up until somebody writes to it, and no terminal may become ours. */
const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY

/** What the file system says when there is no such file for us; all else is a fault of this machine. */
const missingCodes = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  'ELOOP',
  'EACCES',
  'EPERM',
  'EISDIR',
  'EINVAL',
  'EILSEQ',
  'ENXIO',
  'ENODEV',
])

export type Opened =
  | { readonly kind: 'file'; readonly fd: number; readonly stats: Stats }
  | { readonly kind: 'folder' }
  | { readonly kind: 'missing' }

const missing = { kind: 'missing' } as const

/**
 * Opens a regular file of a mount for reading. Whoever gets `fd` closes it.
 *
 * @throws {Error} what the operating system says when it cannot: too many open files, a broken disk.
 */
export async function openInside(mount: Pick<Mount, 'dir' | 'followSymlinks'>, file: string): Promise<Opened> {
  const fd = await orMissing(open(file, flags))
  if (fd === undefined) return missing
  try {
    const stats = await fstat(fd)
    const isFound = (stats.isFile() || stats.isDirectory()) && (await isInside(mount, file, stats))
    if (isFound && stats.isFile()) return { kind: 'file', fd, stats }
    closeQuietly(fd)
    return isFound ? { kind: 'folder' } : missing
  } catch (error) {
    closeQuietly(fd)
    throw error
  }
}

/** As it is now; undefined when it is gone. */
export function statOf(file: string): Promise<Stats | undefined> {
  return orMissing(stat(file))
}

export function closeQuietly(fd: number): void {
  // Nothing was written: there is nothing that could be lost.
  fs.close(fd, () => {})
}

async function isInside({ dir, followSymlinks }: Pick<Mount, 'dir' | 'followSymlinks'>, file: string, opened: Stats) {
  if (followSymlinks) return true
  const [root, real] = await Promise.all([orMissing(realpath(dir)), orMissing(realpath(file))])
  if (root === undefined || real === undefined) return false
  if (real !== root && !real.startsWith(root === '/' ? root : `${root}/`)) return false
  const found = await orMissing(stat(real))
  return found !== undefined && found.ino === opened.ino && found.dev === opened.dev
}

async function orMissing<Value>(value: Promise<Value>): Promise<Value | undefined> {
  try {
    return await value
  } catch (error) {
    if (missingCodes.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
