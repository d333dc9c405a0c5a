import { existsSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'

/** Where is read, and where will be written. */
export interface ImportFolders {
  /** The current folder. */
  readonly cwd: string
  /** The folder of the configuration that is written: relative paths in it count from here. */
  readonly target: string
}

/** The first of these files that the folder has. */
export function findFile(cwd: string, names: readonly string[]): string | undefined {
  return names.find(name => existsSync(join(cwd, name)))
}

/**
 * A folder as the configuration says it: relative where it is below or beside, absolute elsewhere.
 *
 * ```ts
 * folderFrom('/srv/shop', '/srv/shop/deploy')  // './deploy'
 * ```
 */
export function folderFrom(from: string, to: string): string {
  const path = relative(from, to)
  if (path === '') return '.'
  if (isAbsolute(path) || path.startsWith('../..')) return to
  return path.startsWith('..') ? path : `./${path}`
}
