/**
 * Where a profile or a heap snapshot lies until it is read: in a file without a name, which is gone with the process, however
 * that ends. A heap snapshot may be as large as the heap; who reads it may be slow.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, messageOf } from '../base/errors.ts'

export class CaptureSpool {
  readonly #folder: string
  readonly #fd: number
  #read = 0

  /** @throws when no file can be made in the folder. */
  constructor(folder: string) {
    this.#folder = folder
    const path = join(folder, `saola-${randomUUID()}`)
    try {
      this.#fd = openSync(path, 'wx+', 0o600)
      unlinkSync(path)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  get bytes(): number {
    return fstatSync(this.#fd).size
  }

  /** How this process alone can open it. */
  get path(): string {
    return `${process.platform === 'linux' ? '/proc/self' : '/dev'}/fd/${this.#fd}`
  }

  /** @throws when the disk is full. */
  write(text: string): void {
    const block = Buffer.from(text)
    try {
      for (let at = 0; at < block.length; ) at += writeSync(this.#fd, block, at)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /** The next bytes, in order; empty at the end. */
  read(sizeMax: number): Buffer {
    const block = Buffer.allocUnsafe(Math.min(sizeMax, this.bytes - this.#read))
    const size = readSync(this.#fd, block, 0, block.length, this.#read)
    this.#read += size
    return block.subarray(0, size)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #failure(error: unknown): Error {
    const reason = codeOf(error) ?? messageOf(error)
    const advice = 'Make room there, or start the tree with another TMPDIR.'
    return new Error(`It cannot write to ${this.#folder} (${reason}). ${advice}`, { cause: error })
  }
}
