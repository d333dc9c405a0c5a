/**
 * What is known of files: their heads, the bytes of small ones, open descriptors of large ones, and which paths have no
 * file. All of it is bounded, and nothing of it is believed for longer than a second.
 */
import { LeastRecentMap } from '../least-recent.ts'
import { OrderedMap } from '../ordered-map.ts'
import type { StaticFile } from './static-file.ts'

/** The disk is asked at most so often for each file, in milliseconds. */
export const checkEveryMs = 1_000

/** Paths of which it is known for a moment that no file answers them. Any client can make up more of them. */
const absentMax = 1_024
const absentCharsMax = 512

/** Descriptors that are kept open between two requests. */
const openMax = 256

/** A descriptor that nobody reads is closed after so long: a deleted file must give its place on the disk free. */
const idleMs = 2_000

export class FileCache {
  readonly #files = new OrderedMap<StaticFile>()
  readonly #absent = new LeastRecentMap<{ readonly kind: Absence; readonly until: number }>(absentMax)
  readonly #open = new OrderedMap<true>()
  readonly #maxSizeBytes: number
  readonly #now: () => number
  #sizeBytes = 0
  #sweep: NodeJS.Timeout | undefined

  /** @param now milliseconds on the monotonic clock */
  constructor(maxSizeBytes: number, now: () => number) {
    this.#maxSizeBytes = maxSizeBytes
    this.#now = now
  }

  /** In bytes, estimated; never above the limit by more than one file. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get count(): number {
    return this.#files.size
  }

  get(key: string): StaticFile | undefined {
    return this.#files.get(key)
  }

  isHeld(key: string, file: StaticFile): boolean {
    return this.#files.get(key) === file
  }

  set(key: string, file: StaticFile): void {
    this.delete(key)
    this.#absent.delete(key)
    this.#files.set(key, file)
    this.#sizeBytes += file.costBytes
    if (file.isOpen) this.#noteOpen(key)
    this.#shrink(key)
  }

  /** A file has got larger: one more of its encodings is held. */
  grow(key: string, file: StaticFile, bytes: number): void {
    if (!this.isHeld(key, file)) return
    this.#sizeBytes += bytes
    if (file.isOpen) this.#noteOpen(key)
    this.#shrink(key)
  }

  delete(key: string): void {
    const file = this.#files.get(key)
    if (!file) return
    this.#files.delete(key)
    this.#open.delete(key)
    this.#sizeBytes -= file.costBytes
    file.retire()
  }

  /** What is known of a path without a file, for as long as it is believed. */
  absence(key: string): Absence | undefined {
    const known = this.#absent.get(key)
    return known && known.until > this.#now() ? known.kind : undefined
  }

  setAbsent(key: string, kind: Absence): void {
    this.delete(key)
    if (key.length > absentCharsMax) return
    this.#absent.set(key, { kind, until: this.#now() + checkEveryMs })
  }

  close(): void {
    clearInterval(this.#sweep)
    for (const [key] of this.#files.entries()) this.delete(key)
    this.#absent.clear()
  }

  /** Gives up what was not asked for since the last time, oldest first; never `newest`, which is about to be sent. */
  #shrink(newest: string): void {
    while (this.#sizeBytes > this.#maxSizeBytes && this.#files.size > 1) {
      const { oldest } = this.#files
      if (!oldest) return
      if (oldest.key !== newest && !oldest.value.isWanted) {
        this.delete(oldest.key)
        continue
      }
      oldest.value.isWanted = false
      this.#files.use(oldest.key)
    }
  }

  #noteOpen(key: string): void {
    this.#open.set(key, true)
    if (this.#open.size > openMax && this.#open.oldest) this.delete(this.#open.oldest.key)
    this.#sweep ??= setInterval(() => this.#closeIdle(), idleMs).unref()
  }

  #closeIdle(): void {
    const since = this.#now() - idleMs
    for (const [key] of this.#open.entries()) {
      const file = this.#files.get(key)
      if (!file || (!file.isRead && file.checkedAt < since)) this.delete(key)
    }
    if (this.#open.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}

/** `folder`: a folder with an index, whose path lacks its slash. */
export type Absence = 'missing' | 'folder'
