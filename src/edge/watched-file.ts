import { constants, type FileHandle, open } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'

const lookEveryMs = 1_000

/** What may be in a file. */
export interface FileForm<Value> {
  /** Above it the file is refused. */
  readonly bytesMax: number
  /** @throws {Error} what is wrong with the text: the old value stays then. */
  parse(text: string): Value
}

export interface WatchedFileOptions<Value> extends FileForm<Value> {
  readonly clock: Clock
  readonly log: Log
}

/**
 * What a small file says, read again when it has changed. It is looked at while it is used, at most once a second, and never
 * waited for.
 */
export class WatchedFile<Value> {
  readonly #path: string
  readonly #options: WatchedFileOptions<Value>
  #value: Value
  #mark: string
  #lookAt: number
  #isLooking = false
  #saidWrong: string | undefined

  private constructor(path: string, options: WatchedFileOptions<Value>, first: { value: Value; mark: string }) {
    this.#path = path
    this.#options = options
    this.#value = first.value
    this.#mark = first.mark
    this.#lookAt = options.clock.now() + lookEveryMs
  }

  /** @throws {Error} when it cannot be read, is too large, or is wrong. */
  static async open<Value>(path: string, options: WatchedFileOptions<Value>): Promise<WatchedFile<Value>> {
    const { text, mark } = await read(path, options.bytesMax, undefined)
    return new WatchedFile(path, options, { value: options.parse(text ?? ''), mark })
  }

  get value(): Value {
    const now = this.#options.clock.now()
    if (now >= this.#lookAt && !this.#isLooking) {
      this.#lookAt = now + lookEveryMs
      void this.#look()
    }
    return this.#value
  }

  async #look(): Promise<void> {
    const { bytesMax, parse, log } = this.#options
    this.#isLooking = true
    try {
      const { text, mark } = await read(this.#path, bytesMax, this.#mark)
      if (text !== undefined) {
        this.#value = parse(text)
        this.#mark = mark
        log.info('edge.file.changed', { file: this.#path })
      }
      this.#saidWrong = undefined
    } catch (error) {
      // While it is being replaced there may be none for a moment.
      const message = codeOf(error) ?? messageOf(error)
      if (message !== this.#saidWrong) log.warn('edge.file.refused', { file: this.#path, error: message })
      this.#saidWrong = message
    } finally {
      this.#isLooking = false
    }
  }
}

/** @throws {Error} when the file could not be opened as a WatchedFile. */
export async function checkFile(path: string, { bytesMax, parse }: FileForm<unknown>): Promise<void> {
  const { text } = await read(path, bytesMax, undefined)
  parse(text ?? '')
}

/** The text, unless the file is the one of the mark. */
async function read(path: string, bytesMax: number, known: string | undefined) {
  // A pipe that nobody writes to would keep one of Node's four threads for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await file.stat({ bigint: true })
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is no file')
    const { size, mtimeNs, ino } = found
    const mark = `${ino}:${size}:${mtimeNs}`
    if (mark === known) return { text: undefined, mark }
    const bytes = await readUpTo(file, bytesMax + 1)
    if (bytes.length > bytesMax) throw new Error(`the file is larger than ${bytesMax} bytes`)
    return { text: bytes.toString('utf8'), mark }
  } finally {
    await file.close()
  }
}

async function readUpTo(file: FileHandle, bytesMax: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const { bytesRead } = await file.read(buffer, length, bytesMax - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}
