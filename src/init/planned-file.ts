/** Files that a command is to write, and what becomes of them: nothing that somebody has written is lost. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

export interface PlannedFile {
  /** From the project's folder. */
  readonly path: string
  readonly text: string
  /** It is made of the one that is there, and these are the parts that are new. Without: it is written as a whole. */
  readonly added?: readonly string[]
  /** Why nothing had to be added. */
  readonly has?: string
}

/** What became of it. */
export interface WrittenFile {
  readonly path: string
  readonly verb: 'wrote' | 'replaced' | 'changed' | 'kept'
  /** Which parts, or why not. */
  readonly note?: string
}

export interface WriteOptions {
  readonly folder: string
  /** Replace what is there. */
  readonly isForced: boolean
  /** Only say what would be. */
  readonly isDryRun: boolean
}

/**
 * Writes a file, or leaves the one that is there.
 *
 * @throws {ServerError} ERR_USAGE when it cannot be written.
 */
export function writePlanned(file: PlannedFile, options: WriteOptions): WrittenFile {
  const { path, text, added, has } = file
  const current = currentText(join(options.folder, path))
  if (current === text) return { path, verb: 'kept', note: has ?? 'is as it would be written' }
  if (added && current !== undefined) {
    save(text, path, options)
    return { path, verb: 'changed', note: `has now ${added.join(', ')}` }
  }
  if (current !== undefined && !options.isForced) {
    return { path, verb: 'kept', note: 'is there already; --force replaces it' }
  }
  save(text, path, options)
  return { path, verb: current === undefined ? 'wrote' : 'replaced' }
}

function currentText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new ServerError('ERR_USAGE', `Cannot read ${path} (${messageOf(error)}).`, { cause: error })
  }
}

function save(text: string, path: string, { folder, isDryRun }: WriteOptions): void {
  if (isDryRun) return
  const file = join(folder, path)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  } catch (error) {
    const reason = codeOf(error) === 'EACCES' ? 'permission denied' : messageOf(error)
    throw new ServerError('ERR_USAGE', `Cannot write ${file} (${reason}).`, { cause: error })
  }
}

/** `wrote saola.config.ts`, `kept .gitignore (has .saola/)`. */
export function formatWritten({ path, verb, note }: WrittenFile, isDryRun: boolean): string {
  const said = isDryRun ? wouldBe[verb] : verb
  return `${said} ${path}${note === undefined ? '' : ` (${note})`}`
}

const wouldBe: Readonly<Record<WrittenFile['verb'], string>> = {
  wrote: 'would write',
  replaced: 'would replace',
  changed: 'would change',
  kept: 'would keep',
}
