import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeFolder } from '../../base/make-folder.ts'
import { bufferBytesDefault, countLines, LineBuffer } from './line-buffer.ts'
import { rotate } from './rotate.ts'
import { endsWithin, type Sink } from './sink.ts'

const newline = 0x0a
const empty = Buffer.alloc(0)

// Not blocking: a named pipe without a reader must be an error, not a thread that waits for ever.
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

/** The owner writes, the group reads, nobody else sees. */
const mode = 0o640

export interface FileTrouble {
  readonly file: string
  readonly error: Error
  /** Lines of this file dropped since the start. */
  readonly dropped: number
}

export interface RotatingFileOptions {
  /** Size at which the file is rotated, in bytes; 0 never. 50 MiB by default. */
  readonly maxBytes?: number
  /** How many old files are kept: `file.1` is the youngest. 10 by default. */
  readonly backups?: number
  /** What may wait in memory for the disk, in bytes; 8 MiB by default. Beyond it, the newest lines are dropped and counted. */
  readonly bufferBytesMax?: number
  /** Time between two attempts while writing fails, in milliseconds; 1000 by default. */
  readonly retryMs?: number
  /** Called once when writing begins to fail, or to be too slow; then not again before onRecovered. */
  readonly onTrouble?: (trouble: FileTrouble) => void
  readonly onRecovered?: (recovered: Omit<FileTrouble, 'error'>) => void
}

/**
 * A log file, appended to by this writer alone, and rotated between two lines.
 *
 * The problem: the disk can be slow, full or gone, and neither the supervisor nor a child may wait for it or fail of it. So
 * lines are taken into bounded memory, and one loop brings them to the disk, a batch at a time. It keeps what it cannot
 * write, tries again, and says once that there is trouble. Nothing here throws. The file is opened when there is
 * something to write; `close` gives the descriptor back, and a later write opens it again. Where the one before was killed in
 * the middle of a line, that line is ended first, so that it spoils no other.
 *
 * Limits: a file moved away by somebody else is noticed at `reopen`, or when it is full; what is no regular file is never
 * rotated.
 */
export class RotatingFile implements Sink {
  readonly path: string
  readonly #buffer: LineBuffer
  #options: Required<Pick<RotatingFileOptions, 'maxBytes' | 'backups' | 'retryMs'>> & RotatingFileOptions
  #handle: FileHandle | undefined
  #size = 0
  #isRegular = true
  /** What is left of the batch that is being written. */
  #batch: Buffer = empty
  #isMidLine = false
  #wantsOpen = false
  #isClosing = false
  #hasTrouble = false
  #rotateNotBeforeMs = 0
  #dropped = 0
  #loop: Promise<void> | undefined
  #endPause = () => {}

  constructor(path: string, options: RotatingFileOptions = {}) {
    this.path = path
    this.#options = withDefaults(options)
    this.#buffer = new LineBuffer(options.bufferBytesMax ?? bufferBytesDefault)
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Takes new limits, from the next batch on. The size of the buffer stays. */
  configure(options: RotatingFileOptions): void {
    this.#options = withDefaults({ ...this.#options, ...options })
  }

  hasRoom(bytes: number, source?: string): boolean {
    return this.#buffer.hasRoom(bytes, source)
  }

  write(block: Buffer | string, source?: string): number {
    const dropped = this.#buffer.add(block, source)
    if (dropped > 0) this.drop(dropped)
    this.#start()
    return dropped
  }

  drop(lines: number): number {
    this.#dropped += lines
    this.#reportTrouble(new Error('the disk is slower than the output, and the buffer is full'))
    return lines
  }

  /** Opens the path anew, once what is being written is written: it was moved away, or may not exist yet. */
  reopen(): void {
    this.#wantsOpen = true
    this.#endPause()
    this.#start()
  }

  /** Resolves when all that was taken is on its way to the disk (true), or `timeoutMs` are over (false). */
  async flush(timeoutMs: number): Promise<boolean> {
    return endsWithin(this.#loop ?? Promise.resolve(), timeoutMs)
  }

  /** Writes what waits, with one more attempt where writing fails, and gives the descriptor back. `timeoutMs`: 2000. */
  async close(timeoutMs = 2000): Promise<void> {
    this.#isClosing = true
    this.#endPause()
    // Goes on after the deadline, so that a disk that comes back frees the descriptor.
    const closed = (this.#loop ?? Promise.resolve()).then(() => {
      this.#isClosing = false
      return this.#closeHandle()
    })
    await endsWithin(closed, timeoutMs)
  }

  #start(): void {
    this.#loop ??= this.#run()
  }

  async #run(): Promise<void> {
    // All lines of one turn of the loop become one write.
    await nextTurn()
    while (this.#wantsOpen || this.#batch.length > 0 || !this.#buffer.isEmpty) {
      try {
        await this.#step()
      } catch (error) {
        this.#reportTrouble(error as Error)
        if (this.#isClosing) this.#giveUp()
        else await this.#pause()
      }
    }
    this.#loop = undefined
  }

  async #step(): Promise<void> {
    const handle = this.#wantsOpen || !this.#handle ? await this.#open() : this.#handle
    if (this.#batch.length === 0) this.#batch = this.#buffer.take()
    if (this.#batch.length > 0) {
      const length = this.#lengthThatFits(this.#batch)
      if (length === 0) return this.#rotate(handle)
      const { bytesWritten } = await handle.write(this.#batch, 0, length)
      this.#size += bytesWritten
      this.#isMidLine = this.#batch[bytesWritten - 1] !== newline
      this.#batch = this.#batch.subarray(bytesWritten)
      if (this.#batch.length > 0) return
      this.#buffer.settle()
    }
    this.#reportRecovery()
  }

  /** How much of the batch goes into this file: whole lines only. 0 means rotate first. */
  #lengthThatFits(batch: Buffer): number {
    const { maxBytes } = this.#options
    const room = maxBytes - this.#size
    if (maxBytes === 0 || !this.#isRegular || batch.length <= room || performance.now() < this.#rotateNotBeforeMs) {
      return batch.length
    }
    const firstLine = batch.indexOf(newline) + 1 || batch.length
    // A disk that filled up took a part of a line: the rest belongs to it. And one line always fits an empty file.
    if (this.#isMidLine || this.#size === 0) return Math.max(firstLine, wholeLines(batch, room))
    return wholeLines(batch, room)
  }

  async #rotate(handle: FileHandle): Promise<void> {
    // Somebody may have emptied the file in place, or moved it away and told nobody.
    const stats = await handle.stat()
    const hasShrunk = stats.size < this.#size
    this.#size = stats.size
    if (hasShrunk) return
    if (!(await isAt(this.path, stats))) return this.#closeHandle()
    try {
      await rotate(this.path, this.#options.backups)
    } catch (error) {
      // A file that is too large is better than lines that are lost.
      this.#rotateNotBeforeMs = performance.now() + this.#options.retryMs
      this.#reportTrouble(error as Error)
      return
    }
    // Closed before the next is opened: should that fail, a later attempt must open, not rotate once more.
    await this.#closeHandle()
  }

  async #open(): Promise<FileHandle> {
    await makeFolder(dirname(this.path))
    const handle = await open(this.path, flags, mode)
    const { isRegular, size } = await this.#inspect(handle).catch(async error => {
      await handle.close()
      throw error
    })
    await this.#closeHandle()
    this.#handle = handle
    this.#size = size
    this.#isRegular = isRegular
    this.#wantsOpen = false
    return handle
  }

  /** Ends a line that the writer before has not; what of a batch of our own is still to come goes on with its line. */
  async #inspect(handle: FileHandle): Promise<{ isRegular: boolean; size: number }> {
    const stats = await handle.stat()
    const isRegular = stats.isFile()
    const isTorn = isRegular && stats.size > 0 && !this.#isMidLine && (await endsTorn(this.path, stats.size))
    if (isTorn) await handle.write('\n')
    return { isRegular, size: stats.size + (isTorn ? 1 : 0) }
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    // A failed close has nothing left to save: the bytes were written or have failed before.
    await handle?.close().catch(() => {})
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, this.#options.retryMs)
      timer.unref()
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #giveUp(): void {
    this.#dropped += (this.#batch.length > 0 ? countLines(this.#batch) : 0) + this.#buffer.clear()
    this.#batch = empty
    this.#isMidLine = false
    this.#wantsOpen = false
  }

  #reportTrouble(error: Error): void {
    if (this.#hasTrouble) return
    this.#hasTrouble = true
    this.#options.onTrouble?.({ file: this.path, error, dropped: this.#dropped })
  }

  #reportRecovery(): void {
    // Half empty: else a disk that is a little too slow would be reported again and again.
    if (!this.#hasTrouble || this.#buffer.fill > 0.5 || performance.now() < this.#rotateNotBeforeMs) return
    this.#hasTrouble = false
    this.#options.onRecovered?.({ file: this.path, dropped: this.#dropped })
  }
}

async function isAt(path: string, { ino, dev }: Stats): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.ino === ino && found.dev === dev
}

/** Whether the last byte of a file is not the end of a line. One that may not be read is taken as it is. */
async function endsTorn(path: string, size: number): Promise<boolean> {
  const handle = await open(path).catch(() => undefined)
  if (!handle) return false
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return bytesRead === 1 && buffer[0] !== newline
  } catch {
    return false
  } finally {
    await handle.close().catch(() => {})
  }
}

function wholeLines(batch: Buffer, room: number): number {
  return room <= 0 ? 0 : batch.lastIndexOf(newline, room - 1) + 1
}

function withDefaults(options: RotatingFileOptions) {
  return {
    ...options,
    maxBytes: options.maxBytes ?? 50 * 1024 * 1024,
    backups: options.backups ?? 10,
    retryMs: options.retryMs ?? 1000,
  }
}
