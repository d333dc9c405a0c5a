import { accessSync, constants, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, ServerError } from '../base/errors.ts'
import { formsOf } from '../base/templates.ts'
import type { Config } from '../config/config.ts'

/**
 * Log files that can never be written are a mistake in the configuration, and listed like one. Trouble that comes later, such
 * as a full disk, is not: then the tree goes on, and says so (supervisor/output/rotating-file.ts).
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every problem.
 */
export function refuseLogFiles(config: Config): void {
  const problems = logFilesOf(config).flatMap(({ path, file }) => {
    const reason = findObstacle(file)
    return reason === undefined ? [] : [`${path} expected a file that can be written, got "${file}" (${reason}).`]
  })
  if (problems.length === 0) return
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  throw new ServerError('ERR_CONFIG_INVALID', `The configuration has ${what}.`, { problems })
}

interface NamedFile {
  readonly path: string
  readonly file: string
}

function logFilesOf({ log, apps, programs, cron }: Config): NamedFile[] {
  const files: NamedFile[] = [{ path: 'log.file', file: log.file }]
  for (const [name, { stdout, stderr, accessLog }] of Object.entries(apps)) {
    if (stdout) files.push({ path: `apps.${name}.stdout.file`, file: stdout.file })
    if (stderr) files.push({ path: `apps.${name}.stderr.file`, file: stderr.file })
    if (accessLog) files.push({ path: `apps.${name}.accessLog.file`, file: accessLog.file })
  }
  for (const [name, { stdout, stderr, instances }] of Object.entries(programs)) {
    for (const [key, output] of Object.entries({ stdout, stderr })) {
      if (typeof output !== 'object') continue
      const path = `programs.${name}.${key}.file`
      files.push(...formsOf(output.file, { name }, instances).map(file => ({ path, file })))
    }
  }
  for (const [name, { stdout, stderr }] of Object.entries(cron)) {
    if (stdout) files.push({ path: `cron.${name}.stdout.file`, file: stdout.file })
    if (typeof stderr === 'object') files.push({ path: `cron.${name}.stderr.file`, file: stderr.file })
  }
  return files.filter(({ file }) => file !== '-')
}

function findObstacle(file: string): string | undefined {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory()) return 'it is a folder'
    if (found) accessSync(file, constants.W_OK)
    else tryFolder(dirname(file))
    return undefined
  } catch (error) {
    return reasons.get(codeOf(error) ?? '') ?? String(codeOf(error))
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['ENOENT', 'its folder cannot be made'],
])

/** Whether a file can be made in the folder; of one that is missing, whether its first missing part can be. */
function tryFolder(folder: string): void {
  const above = dirname(folder)
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found && !found.isDirectory()) throw Object.assign(new Error(folder), { code: 'ENOTDIR' })
  if (found) accessSync(folder, constants.W_OK | constants.X_OK)
  else if (above !== folder && !statSync(above, { throwIfNoEntry: false })) tryFolder(above)
  else tryMaking(folder)
}

/** Some file systems refuse a folder whatever its permissions say: /proc. */
function tryMaking(folder: string): void {
  try {
    mkdirSync(folder)
    rmdirSync(folder)
  } catch (error) {
    // Somebody else has just made it, or uses it already.
    if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error
  }
}
