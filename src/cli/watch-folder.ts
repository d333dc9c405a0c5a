/**
 * Tells of changed files in a folder and all below.
 *
 * One watch a folder, and not `fs.watch` with `recursive`: on Linux that watches each file by its inode, so of a file that
 * an editor saves by renaming a new one over it, it tells the first time only (measured on Node 24.21). Watches of folders
 * also stay few: a project without its node_modules has tens of them.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { codeOf } from '../base/errors.ts'

export interface FolderWatchOptions {
  readonly folder: string
  /** Changes this close together are one, in milliseconds; 100 by default. */
  readonly quietMs?: number
  /** Is given the paths that changed, relative to the folder, each once. */
  onChange(paths: readonly string[]): void
  /** A folder cannot be watched: what changes in it is not seen. */
  onTrouble(folder: string, error: Error): void
}

const quietMsDefault = 100
// A kernel has a limit of its own, for all programs of a user: 8192 on small machines.
const foldersMax = 4_096

/** Watches until it is closed. Only what is a part of the program counts: see `isOfProgram`. */
export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: FolderWatchOptions) {
    this.#options = options
    this.#add(options.folder, false)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#forget(this.#options.folder)
  }

  #add(folder: string, isNew: boolean): void {
    if (this.#watchers.has(folder) || this.#watchers.size >= foldersMax) return
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name !== null) this.#look(join(folder, name))
      })
      watcher.on('error', () => this.#forget(folder))
      this.#watchers.set(folder, watcher)
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory() && isWatched(entry.name)) this.#add(path, isNew)
        // Written between the folder and its watch.
        else if (isNew && isOfProgram(entry.name)) this.#note(path)
      }
    } catch (error) {
      this.#forget(folder)
      if (codeOf(error) !== 'ENOENT') this.#options.onTrouble(folder, error as Error)
    }
  }

  #look(path: string): void {
    if (isOfProgram(basename(path))) this.#note(path)
    else if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) this.#forget(path)
    else if (isWatched(basename(path))) this.#add(path, true)
  }

  #note(path: string): void {
    const { folder, quietMs = quietMsDefault, onChange } = this.#options
    this.#changed.add(relative(folder, path))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const paths = [...this.#changed].sort()
      this.#changed.clear()
      onChange(paths)
    }, quietMs)
  }

  /** With all below it: of a folder that was moved away, nobody tells about those. */
  #forget(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue
      watcher.close()
      this.#watchers.delete(path)
    }
  }
}

const unwatched = new Set(['node_modules', 'dist', 'build', 'coverage'])

function isWatched(folderName: string): boolean {
  return !folderName.startsWith('.') && !unwatched.has(folderName)
}

const programFiles =
  /\.(?:[cm]?[jt]sx?|json5?|ya?ml|toml|html?|ejs|hbs|pug|njk|eta|liquid|mustache|graphql|gql|proto|wasm|node)$/

/**
 * Is a change of this file a change of the program? Sources, templates and configuration are. Logs, databases and uploads
 * are not: an application that writes them beside its code would restart itself for ever.
 */
export function isOfProgram(fileName: string): boolean {
  return fileName.startsWith('.') ? /^\.env(?:\.|$)/.test(fileName) : programFiles.test(fileName)
}
