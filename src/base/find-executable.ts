/**
 * Finds what a command would run, before it is run: as execvp(3) does, for the user who it will be. A mistake is so one
 * sentence when a configuration is checked, and not a program that fails to start again and again.
 *
 * The kernel has the last word: what the permissions of a file and of the folders before it seem to forbid, an ACL may allow,
 * and it is asked as that user then.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { codeOf } from './errors.ts'
import { suggest } from './suggest.ts'

/** Where and as whom a command will run. */
export interface Runner {
  readonly cwd: string
  /** Of its own environment: the folders of `PATH`; when unset those of the C library. */
  readonly path: string | undefined
  /** Undefined: as this process. */
  readonly uid: number | undefined
  readonly gid: number | undefined
}

export type Executable =
  | { readonly file: string }
  /** `missing`: it may still come. `hidden`: in a folder that we may not enter ourselves. */
  | {
      readonly why: 'missing' | 'hidden' | 'forbidden'
      readonly reason: string
      readonly meant?: string | undefined
    }

const pathOfSystem = '/bin:/usr/bin'
const askMsMax = 5_000

/** The file that a command means, or why there is none. */
export function findExecutable(command: string, runner: Runner): Executable {
  const found = search(command, runner)
  const reason = 'file' in found ? findBrokenScript(found.file, runner) : undefined
  return reason === undefined ? found : { why: 'forbidden', reason }
}

function search(command: string, runner: Runner): Executable {
  if (command.includes('/')) return lookAt(command, runner)
  const folders = (runner.path ?? pathOfSystem).split(delimiter)
  let forbidden: Executable | undefined
  for (const folder of folders) {
    const found = lookAt(join(folder, command), runner)
    if ('file' in found) return found
    // As execvp: what may not be run is passed over, and named if nothing else is found.
    if (found.why === 'forbidden') forbidden ??= found
  }
  if (forbidden) return forbidden
  const meant = suggest(command, namesIn(folders, runner.cwd))
  return { why: 'missing', reason: wordsOfShell.has(command) ? wordOfShell : 'it is in no folder of PATH', meant }
}

/** What only a shell knows, and is typed so often that the reason should say it. */
const wordsOfShell = new Set(['.', 'cd', 'eval', 'exec', 'export', 'set', 'source', 'ulimit', 'umask', 'unset'])
const wordOfShell = 'only a shell has it'

function lookAt(command: string, runner: Runner): Executable {
  const file = resolve(runner.cwd, command)
  try {
    const found = statSync(file)
    if (!found.isFile())
      return { why: 'forbidden', reason: `${file} is ${found.isDirectory() ? 'a folder' : 'no file'}` }
  } catch (error) {
    const code = codeOf(error) ?? 'EIO'
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
    if (!isMissing) return { why: 'hidden', reason: `${file} cannot be looked at: ${code}` }
    const meant = suggest(basename(file), namesIn([dirname(file)]))
    return { why: 'missing', reason: `${file} does not exist`, meant }
  }
  const reason = findObstacle(command, file, runner)
  return reason === undefined ? { file } : { why: 'forbidden', reason }
}

function findObstacle(command: string, file: string, runner: Runner): string | undefined {
  const { uid = process.getuid?.() ?? 0, gid = process.getgid?.() ?? 0 } = runner
  const isOther = runner.uid !== undefined || runner.gid !== undefined
  if (!isOther && mayRun(file)) return undefined
  // Behind a link there are other folders: a Node in the home of root is linked to from everywhere.
  const folders = isOther ? [...foldersTo(file), ...foldersTo(realpathSync(file))] : []
  const closed = folders.find(folder => !isAllowed(folder, { uid, gid }))
  if (isOther && closed === undefined && isAllowed(file, { uid, gid })) return undefined
  if (isOther && isAllowedByKernel(command, runner)) return undefined
  if (closed !== undefined) return `user ${uid} may not enter the folder ${closed}`
  const isProgram = (statSync(file).mode & 0o111) !== 0
  return isProgram ? `user ${uid} may not execute ${file}` : `${file} is not executable: chmod +x`
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // EACCES, for whatever reason: the bits, a folder before it, or a file system without programs.
    return false
  }
}

/** From the root on, without the file itself. */
function foldersTo(file: string): string[] {
  const folder = dirname(file)
  return folder === file ? [] : [...foldersTo(folder), folder]
}

/** By the bits of its mode, in its place in the tree. Libuv takes all groups away but the one that is set. */
function isAllowed(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): boolean {
  const found = statSync(path)
  if (uid === 0) return found.isDirectory() || (found.mode & 0o111) !== 0
  const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0
  return ((found.mode >> shift) & 1) === 1
}

function isAllowedByKernel(command: string, { cwd, uid, gid }: Runner): boolean {
  const asked = spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', command], {
    cwd,
    stdio: 'ignore',
    timeout: askMsMax,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  return asked.status === 0
}

/** execve says that a script does not exist when its interpreter does not: mostly an environment of Python that was moved. */
function findBrokenScript(file: string, runner: Runner): string | undefined {
  const [interpreter, word] = firstLineOf(file)
  if (interpreter === undefined) return undefined
  const isByPath = basename(interpreter) === 'env' && word !== undefined && /^[^-=/][^=/]*$/.test(word)
  const name = isByPath ? word : interpreter
  const found = isByPath ? search(name, runner) : lookAt(interpreter, runner)
  return 'reason' in found ? `its first line names ${name}: ${found.reason}` : undefined
}

/** The words behind `#!`. Linux reads as much of that line. */
function firstLineOf(file: string): string[] {
  const start = Buffer.alloc(256)
  try {
    const fd = openSync(file, 'r')
    try {
      readSync(fd, start)
    } finally {
      closeSync(fd)
    }
  } catch {
    // What may be executed need not be readable.
    return []
  }
  const line = /^#!([^\n\0]*)/.exec(start.toString('utf8'))?.[1] ?? ''
  return line.split(/\s+/).filter(word => word !== '')
}

function namesIn(folders: readonly string[], cwd = '/'): string[] {
  return folders.flatMap(folder => {
    try {
      return readdirSync(resolve(cwd, folder))
    } catch {
      // A folder that is not there has no names.
      return []
    }
  })
}
