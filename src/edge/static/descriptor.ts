import { closeQuietly } from './open-inside.ts'

/**
 * An open file that several answers read at once. It is closed when its owner has given it up and nobody reads any more,
 * never before: its number may belong to another file then.
 */
export class Descriptor {
  readonly fd: number
  #users = 0
  #isRetired = false
  #isClosed = false

  constructor(fd: number) {
    this.fd = fd
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  /** False when it is closed already; otherwise `release` must follow. */
  acquire(): boolean {
    if (this.#isClosed) return false
    this.#users++
    return true
  }

  release(): void {
    this.#users--
    if (this.#isRetired) this.#closeIfUnused()
  }

  /** Its owner does not need it any more. Closes in the next turn: who was just given it may still acquire it in this. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    setImmediate(() => this.#closeIfUnused())
  }

  #closeIfUnused(): void {
    if (this.#users > 0 || this.#isClosed) return
    this.#isClosed = true
    closeQuietly(this.fd)
  }
}
