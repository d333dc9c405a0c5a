/** Takes what the supervisor asks of profiles and heap snapshots, in the watch thread: one at a time, handed out piece by piece. */
import { messageOf } from '../base/errors.ts'
import type { CaptureReply, CaptureRequest, CaptureWish } from '../ipc/captures.ts'
import { capture } from './capture.ts'
import { CaptureSpool } from './capture-spool.ts'

// With base64 and JSON, a line of 256 KiB.
const pieceBytes = 192 * 1024

interface Current {
  readonly id: number
  readonly abort: AbortController
  readonly spool: CaptureSpool
  isTaken: boolean
}

export class CaptureDesk {
  readonly #folder: string
  readonly #tell: (reply: CaptureReply) => void
  #current: Current | undefined

  /** `folder`: for temporary files. */
  constructor(folder: string, tell: (reply: CaptureReply) => void) {
    this.#folder = folder
    this.#tell = tell
  }

  receive(request: CaptureRequest): void {
    if (request.type === 'capture') void this.#begin(request.id, request.wish)
    else if (request.id !== this.#current?.id) return
    else if (request.type === 'read') this.#read(this.#current)
    else this.#cancel(this.#current)
  }

  async #begin(id: number, wish: CaptureWish): Promise<void> {
    if (this.#current) return this.#tell({ type: 'capture-over', id, error: 'Another one of it is still under way.' })
    try {
      const spool = new CaptureSpool(this.#folder)
      const current = { id, abort: new AbortController(), spool, isTaken: false }
      this.#current = current
      const { signal } = current.abort
      const begun = () => this.#tell({ type: 'capturing', id })
      const tookMs = await capture({ wish, signal, path: spool.path, begun, write: text => spool.write(text) })
      signal.throwIfAborted()
      current.isTaken = true
      this.#tell({ type: 'captured', id, bytes: spool.bytes, tookMs: Math.round(tookMs) })
    } catch (error) {
      this.#forget()
      this.#tell({ type: 'capture-over', id, error: messageOf(error) })
    }
  }

  #read({ id, spool }: Current): void {
    const piece = spool.read(pieceBytes)
    if (piece.length === 0) this.#forget()
    this.#tell({ type: 'piece', id, base64: piece.toString('base64') })
  }

  #cancel({ id, abort, isTaken }: Current): void {
    abort.abort()
    // What is under way says by itself when it has ended.
    if (!isTaken) return
    this.#forget()
    this.#tell({ type: 'capture-over', id })
  }

  #forget(): void {
    this.#current?.spool.close()
    this.#current = undefined
  }
}
