import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

/** What of a package.json counts here. */
export interface PackageJson {
  readonly name?: string
  readonly main?: string
  readonly engines: Readonly<Record<string, string>>
  readonly packageManager?: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly hasWorkspaces: boolean
}

/** A folder that somebody has an application in, as far as its files tell. */
export interface Project {
  readonly folder: string
  /** What it is called: as its package, without the scope, or else as its folder. */
  readonly name: string
  readonly package: PackageJson | undefined
  /** The text of package.json as it is: whoever changes it leaves the rest alone. */
  readonly packageText: string | undefined
}

const empty = { engines: {}, scripts: {}, dependencies: {}, devDependencies: {} }

/**
 * Reads what a folder says of itself. A folder without a package.json is a project, too.
 *
 * @throws {ServerError} ERR_USAGE when package.json cannot be read.
 */
export function readProject(folder: string): Project {
  const packageText = readIfThere(join(folder, 'package.json'))
  const found = packageText === undefined ? undefined : parsePackage(packageText, folder)
  const name = found?.name?.replace(/^@[^/]*\//, '') || basename(folder)
  return { folder, name, package: found, packageText }
}

function parsePackage(text: string, folder: string): PackageJson {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ServerError('ERR_USAGE', `${join(folder, 'package.json')} is no JSON (${messageOf(error)}).`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ServerError('ERR_USAGE', `${join(folder, 'package.json')} expected an object.`)
  }
  const { name, main, packageManager, workspaces } = value as Record<string, unknown>
  const records = Object.fromEntries(
    Object.keys(empty).map(key => [key, textsIn((value as Record<string, unknown>)[key])]),
  ) as typeof empty
  return {
    ...records,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof main === 'string' ? { main } : {}),
    ...(typeof packageManager === 'string' ? { packageManager } : {}),
    hasWorkspaces: workspaces !== undefined,
  }
}

/** The entries of a record that are texts; what else somebody has written there is not ours to complain about. */
function textsIn(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}

/**
 * The text of a file, or undefined when there is none.
 *
 * @throws {ServerError} ERR_USAGE when it is there and cannot be read.
 */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new ServerError('ERR_USAGE', `Cannot read ${path} (${messageOf(error)}).`, { cause: error })
  }
}

/** The first of these files that a folder has. */
export function firstFileIn(folder: string, names: readonly string[]): string | undefined {
  return names.find(name => isFile(join(folder, name)))
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

export function isThere(path: string): boolean {
  return existsSync(path)
}

/** Is a package named in package.json, whatever for? */
export function hasPackage({ package: found }: Project, name: string): boolean {
  return found !== undefined && (name in found.dependencies || name in found.devDependencies)
}
