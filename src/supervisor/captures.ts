/**
 * Profiles and heap snapshots on their way from the watch thread of a worker to whoever has asked. A heap snapshot may be
 * larger than the memory of this process: so each piece is asked for when the one before it has been read, and only one is
 * here at a time.
 */
import { ServerError } from '../base/errors.ts'
import { type CaptureLine, type CaptureReply, type CaptureWish, heapWaitMs, profileGraceMs } from '../ipc/captures.ts'
import type { RunningChild } from './child-process.ts'

/** Where the lines go: a `LineSink` of the control socket. */
export interface CaptureSink {
  send(line: CaptureLine): boolean
  end(...last: readonly CaptureLine[]): void
  /** Settles when the reader has caught up, or has gone; undefined when there is room. */
  room(): Promise<void> | undefined
}

export interface Captured {
  readonly childId: number
  /** `web:0`. */
  readonly name: string
  readonly running: Pick<RunningChild, 'pid' | 'askWatch'>
  readonly wish: CaptureWish
}

interface Capture extends Captured {
  readonly id: number
  /** Undefined when nobody wants it any more. */
  lines: CaptureSink | undefined
  bytes: number
  timer: NodeJS.Timeout | undefined
}

const answerWaitMs = 15_000
// Who does not read for so long does not want it any more: the file in the worker takes its place on the disk.
const readerWaitMs = 60_000

export class Captures {
  readonly #byChild = new Map<number, Capture>()
  readonly #standsStill: (childId: number, forMs: number) => void
  #last = 0

  /** `standsStill`: the main thread of this child may be silent for so long; 0: no longer. */
  constructor(standsStill: (childId: number, forMs: number) => void) {
    this.#standsStill = standsStill
  }

  /**
   * Returns what ends it: the profile is stopped then, and the inspector leaves the worker.
   *
   * @throws {ServerError} ERR_CONTROL_REFUSED when another one of this worker is under way.
   */
  begin(asked: Captured, lines: CaptureSink): () => void {
    const { childId, name, running, wish } = asked
    const other = this.#byChild.get(childId)
    if (other) {
      const what = other.wish.kind === 'heap' ? 'heap snapshot' : 'profile'
      const message = `A ${what} of ${name} is under way, and there can be one at a time. Try again when it has ended.`
      throw new ServerError('ERR_CONTROL_REFUSED', message)
    }
    const capture: Capture = { ...asked, id: ++this.#last, lines, bytes: 0, timer: undefined }
    this.#byChild.set(childId, capture)
    this.#wait(capture, answerWaitMs)
    running.askWatch({ type: 'capture', id: capture.id, wish })
    return () => this.#cancel(capture)
  }

  receive(childId: number, reply: CaptureReply): void {
    const capture = this.#byChild.get(childId)
    if (!capture || capture.id !== reply.id) return
    switch (reply.type) {
      case 'capturing':
        this.#wait(capture, durationMax(capture.wish))
        // Its main thread has answered just now: one that hangs in native code is not forgiven for being looked at.
        if (capture.wish.kind === 'heap') this.#standsStill(childId, heapWaitMs)
        capture.lines?.send({ type: 'begun', pid: capture.running.pid })
        return
      case 'captured':
        this.#moves(capture)
        capture.lines?.send({ type: 'captured', bytes: reply.bytes, tookMs: reply.tookMs })
        return this.#read(capture)
      case 'piece':
        return this.#deliver(capture, reply.base64)
      case 'capture-over':
        return this.#fail(capture, reply.error ?? 'It was cancelled.')
    }
  }

  /** The worker has ended. */
  gone(childId: number): void {
    const capture = this.#byChild.get(childId)
    if (capture) this.#fail(capture, 'It has ended meanwhile: "saola status" says why.')
  }

  #read(capture: Capture): void {
    // It was cancelled while it was under way, and the thread has not heard of it in time.
    if (!capture.lines) return capture.running.askWatch({ type: 'cancel', id: capture.id })
    this.#wait(capture, answerWaitMs)
    capture.running.askWatch({ type: 'read', id: capture.id })
  }

  #deliver(capture: Capture, base64: string): void {
    const { lines } = capture
    if (base64 === '') {
      this.#forget(capture)
      lines?.end({ type: 'ended', bytes: capture.bytes })
      return
    }
    capture.bytes += Buffer.byteLength(base64, 'base64')
    lines?.send({ type: 'data', base64 })
    this.#wait(capture, readerWaitMs)
    void Promise.resolve(lines?.room()).then(() => {
      if (this.#byChild.get(capture.childId) === capture) this.#read(capture)
    })
  }

  /** The reader has gone. The worker may take no other one before it has ended this: a heap snapshot cannot be stopped. */
  #cancel(capture: Capture): void {
    if (this.#byChild.get(capture.childId) !== capture) return
    capture.lines = undefined
    capture.running.askWatch({ type: 'cancel', id: capture.id })
  }

  #wait(capture: Capture, ms: number): void {
    clearTimeout(capture.timer)
    capture.timer = setTimeout(() => {
      capture.running.askWatch({ type: 'cancel', id: capture.id })
      this.#fail(capture, `Nothing came for ${ms / 1_000}s.`)
    }, ms)
  }

  #fail(capture: Capture, reason: string): void {
    this.#forget(capture)
    const what = capture.wish.kind === 'heap' ? 'heap snapshot' : 'profile'
    capture.lines?.end({ type: 'failed', message: `${capture.name} gave no ${what}: ${reason}` })
  }

  #forget(capture: Capture): void {
    clearTimeout(capture.timer)
    if (this.#byChild.get(capture.childId) === capture) this.#byChild.delete(capture.childId)
    this.#moves(capture)
  }

  #moves({ childId, wish }: Capture): void {
    if (wish.kind === 'heap') this.#standsStill(childId, 0)
  }
}

function durationMax(wish: CaptureWish): number {
  return wish.kind === 'heap' ? heapWaitMs : wish.seconds * 1_000 + profileGraceMs
}
