/**
 * Files of environment variables: `.env`, and over it `.env.local`, which is one developer's own. They are read as Node's own
 * `--env-file` reads them, so that a project means the same by them with and without Saola: nothing in a value is expanded.
 *
 * What the environment itself has comes before any file, and nobody changes that of this process: who starts a child gives it
 * both. So a reload forgets what a file no longer has, and one that is refused has changed nothing.
 */
import { readFileSync, type Stats, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { formatSize } from '../base/units.ts'

/** What is read where nobody says otherwise, the later over the earlier. */
const defaultEnvFiles: readonly string[] = ['.env', '.env.local']

/** Of all files together. Each child gets it in its environment, for which a system has a limit of its own. */
const bytesMax = 64 * 1024
const variablesMax = 1_000

export interface EnvFilesRequest {
  /** Where the command was given: what the paths of `files` count from. */
  readonly cwd: string
  /** The folder of the configuration, which the default files are in. */
  readonly dir: string
  /** `--env-file`; false: none at all. */
  readonly files: readonly string[] | false | undefined
}

export interface FileVariables {
  readonly values: Readonly<Record<string, string>>
  /** The file that each of them is from, as messages name it. */
  readonly files: Readonly<Record<string, string>>
  /** What stands in a file and is no variable, a sentence each. */
  readonly warnings: readonly string[]
}

const none: FileVariables = { values: {}, files: {}, warnings: [] }

interface EnvFile {
  readonly name: string
  readonly path: string
  readonly bytes: number
}

/**
 * The variables of the files that were named, or of those in the folder.
 *
 * @throws {ServerError} ERR_ENV_FILE_UNREADABLE when one that was named is not there, or one that is there is no text.
 */
export function readEnvFiles({ cwd, dir, files }: EnvFilesRequest): FileVariables {
  if (files === false) return none
  const present = files
    ? files.map(name => namedFile(name, resolve(cwd, name)))
    : defaultEnvFiles.flatMap(name => fileInFolder(name, join(dir, name)) ?? [])
  if (present.length === 0) return none
  const names = present.map(({ name }) => name).join(' and ')
  const bytes = present.reduce((sum, file) => sum + file.bytes, 0)
  if (bytes > bytesMax) throw unreadable(names, `${formatSize(bytes)}, and ${formatSize(bytesMax)} is the most`)
  const all = present.map(readOne)
  const values: Record<string, string> = Object.assign({}, ...all.map(file => file.values))
  if (Object.keys(values).length > variablesMax) throw unreadable(names, `more than ${variablesMax} variables`)
  return {
    values,
    files: Object.assign({}, ...all.map(file => file.files)),
    warnings: all.flatMap(file => file.warnings),
  }
}

function namedFile(name: string, path: string): EnvFile {
  const found = look(path)
  if (found === undefined) throw unreadable(path, 'there is no such file')
  if (found.isDirectory()) throw unreadable(path, 'it is a folder')
  return { name, path, bytes: sizeOf(path, found) }
}

/** A folder of this name is one of Python's virtual environments, and none of ours. */
function fileInFolder(name: string, path: string): EnvFile | undefined {
  const found = look(path)
  return found === undefined || found.isDirectory() ? undefined : { name, path, bytes: sizeOf(path, found) }
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(path, messageOf(error), error)
  }
}

function sizeOf(path: string, found: Stats): number {
  // What a pipe had to say is gone when a reload asks again.
  if (!found.isFile()) throw unreadable(path, 'it is no regular file, and a reload reads it again')
  return found.size
}

function readOne({ name, path }: EnvFile): FileVariables {
  const text = readText(path)
  if (text.includes('\0')) throw unreadable(path, 'it has a byte of value 0: is it UTF-16? Save it as UTF-8')
  const parsed = Object.entries(process.getBuiltinModule('node:util').parseEnv(text)) as [string, string][]
  const variables = parsed.filter(([key]) => isName(key))
  return {
    values: Object.fromEntries(variables),
    files: Object.fromEntries(variables.map(([key]) => [key, name])),
    warnings: parsed.flatMap(([key, value]) => warningsOf(name, key, value)),
  }
}

function readText(path: string): string {
  try {
    // Some editors begin a file with a mark of its encoding, which would become a part of the first name.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw unreadable(path, codeOf(error) === 'EACCES' ? 'permission denied' : messageOf(error), error)
  }
}

function isName(key: string): boolean {
  return /^[A-Za-z_][\w.-]*$/.test(key)
}

/** Values may be secrets: a message has names only. */
function warningsOf(file: string, key: string, value: string): string[] {
  if (!isName(key))
    return [`${file}: ${JSON.stringify(key.slice(0, 40))} is no name of a variable; the line is left out.`]
  const quote = /^["'`]/.exec(value)?.[0]
  return quote !== undefined && !(value.length > 1 && value.endsWith(quote))
    ? [`${file}: the value of ${key} begins with a quote that is not closed.`]
    : []
}

function unreadable(path: string, reason: string, cause?: unknown): ServerError {
  return new ServerError('ERR_ENV_FILE_UNREADABLE', `Cannot read the variables in ${path} (${reason}).`, { cause })
}
