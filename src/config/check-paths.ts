import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { codeOf } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { render } from './problems.ts'

/** What is wrong with a path that something must be at already: a line, or none. */
export function checkPath(where: string, value: unknown, expected: 'file' | 'folder', dir: string): string[] {
  if (typeof value !== 'string' || value === '') return []
  const file = resolve(dir, value)
  const reason = findObstacle(file, expected)
  if (reason === undefined) return []
  const isMissing = reason === missing
  const meant = isMissing ? suggest(basename(file), namesIn(dirname(file))) : undefined
  const hint = meant ? `, did you mean ${meant}?` : '.'
  return [`${where} expected a ${expected}, got ${render(value)} (${file} ${reason})${hint}`]
}

const missing = 'does not exist'

function findObstacle(file: string, expected: 'file' | 'folder'): string | undefined {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) return missing
    const isRight = expected === 'file' ? found.isFile() : found.isDirectory()
    if (isRight) accessSync(file, expected === 'file' ? constants.R_OK : constants.X_OK)
    return isRight ? undefined : 'is none'
  } catch (error) {
    return codeOf(error) === 'ENOTDIR' ? missing : 'may not be read: permission denied'
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The folder does not exist either: then there is nothing to suggest.
    return []
  }
}
