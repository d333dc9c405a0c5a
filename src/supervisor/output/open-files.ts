import { resolve } from 'node:path'
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts'

interface OpenFile {
  readonly file: RotatingFile
  users: number
}

/**
 * The log files of this tree, by absolute path: two sources that name the same file share its one writer, so that they
 * neither tear each other's lines nor rotate it twice.
 *
 * ```ts
 * const to = { file: 'logs/web.log', maxBytes: 50 * 1024 ** 2, backups: 10 }
 * await openFiles.use(to, file => output.attach('web:0', 'stdout', child.stdout, file))
 * ```
 */
export class OpenFiles {
  readonly #shared: RotatingFileOptions
  readonly #files = new Map<string, OpenFile>()

  /** `shared` holds for every file that says nothing else: the callbacks, usually. */
  constructor(shared: RotatingFileOptions = {}) {
    this.#shared = shared
  }

  /** The writer of `path`, for one more user. It is opened at once, so that trouble shows early; the newest options hold. */
  get(path: string, options: RotatingFileOptions = {}): RotatingFile {
    const absolute = resolve(path)
    const known = this.#files.get(absolute)
    if (known) {
      known.users++
      known.file.configure(options)
      return known.file
    }
    const file = new RotatingFile(absolute, { ...this.#shared, ...options })
    this.#files.set(absolute, { file, users: 1 })
    file.reopen()
    return file
  }

  /** Holds a file open for as long as `run` takes, also when that fails; without a file, only runs it. */
  async use(
    to: (RotatingFileOptions & { readonly file: string }) | undefined,
    run: (file: RotatingFile | undefined) => Promise<void>,
  ): Promise<void> {
    const file = to && this.get(to.file, to)
    try {
      await run(file)
    } finally {
      if (file) await this.release(file)
    }
  }

  /** One user less. The last one closes the file; resolves when it is closed, after 2 seconds at most. */
  async release(file: RotatingFile): Promise<void> {
    const known = this.#files.get(file.path)
    if (known?.file !== file) return
    known.users--
    if (known.users > 0) return
    await file.close()
    // Somebody may have asked for it meanwhile: then the same writer goes on, and opens it again. And who has asked and let go
    // of it meanwhile may have removed it: then the path may have another writer by now.
    if (known.users === 0 && this.#files.get(file.path) === known) this.#files.delete(file.path)
  }

  /** Opens every file anew, after they were moved away (SIGUSR1). */
  reopenAll(): void {
    for (const { file } of this.#files.values()) file.reopen()
  }

  /** Writes out and closes every file, in `timeoutMs` (2000) at most. */
  async closeAll(timeoutMs?: number): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ file }) => file.close(timeoutMs)))
  }
}
