/**
 * Clients of HTTP/2 that are slow: of all streams of one connection, the bodies that are to come and the answers that are to be
 * taken. It is the connection that has a least rate, in each direction, as one of HTTP/1.1 has (connections/patience.ts): a page
 * of a hundred pictures over a bad line gives each of them hardly anything. As long as nothing is the client's turn, nobody pays.
 *
 * One stream of a connection that moves must move, too: in the time in which all of them would get a piece at the least rate, for
 * Node tells of an answer only after each piece of it.
 */
import type net from 'node:net'
import { createPatience, type Patience, spend } from '../connections/patience.ts'
import { bytesTaken, type ConnectionFacts, pieceBytes, type StreamSocket } from './stream-socket.ts'

export interface TransferLimits {
  /** 0 never. */
  readonly stallMs: number
  /** Bytes a second; 0: any progress is enough. */
  readonly minRate: number
  /** Of one body or one answer; 0 never. */
  readonly transferMs: number
}

interface Transfer {
  readonly stream: StreamSocket
  mustSend: boolean
  mustTake: boolean
  /** In both directions, at the last look. */
  bytes: number
  /** Since then, as long as it is the client's turn. */
  quietMs: number
  /** What the connection had been given by then: as long as that is not confirmed, some of this stream may be in it. */
  givenBytes: number
  sendMs: number
  takeMs: number
}

type Handled = net.Socket & { readonly _handle?: { bytesWritten: number; writeQueueSize: number } | null }

/** How fast one piece of an answer is taken where no rate is asked for, in bytes a second. */
const usualRate = 500
/** So much of the patience must be gone before the system is asked. */
const suspectShare = 0.75

export class Transfers {
  readonly #root: Handled
  readonly #limits: TransferLimits
  readonly #patience: Patience
  /** Of streams of events: they have no rate. */
  readonly #endless: Patience
  readonly #list = new Map<StreamSocket, Transfer>()
  #sendCreditMs: number
  #takeCreditMs: number
  #received = 0
  #taken = 0
  /** Bytes that the other end has confirmed; -1 before anybody has asked the system. */
  #confirmed = -1

  constructor({ root }: ConnectionFacts, limits: TransferLimits) {
    this.#root = root
    this.#limits = limits
    this.#patience = createPatience(limits.stallMs || Number.POSITIVE_INFINITY, limits.minRate)
    this.#endless = createPatience(this.#patience.fullMs, 0)
    this.#sendCreditMs = this.#patience.fullMs
    this.#takeCreditMs = this.#patience.fullMs
  }

  enter(stream: StreamSocket): void {
    const givenBytes = this.#root._handle?.bytesWritten ?? 0
    const counts = { bytes: 0, quietMs: 0, sendMs: 0, takeMs: 0 }
    this.#list.set(stream, { stream, mustSend: false, mustTake: false, givenBytes, ...counts })
  }

  leave(stream: StreamSocket): void {
    this.#list.delete(stream)
  }

  get size(): number {
    return this.#list.size
  }

  /** Bytes of answers that wait in memory. */
  get pendingBytes(): number {
    let sum = this.#root._handle?.writeQueueSize ?? 0
    for (const stream of this.#list.keys()) sum += stream.writableLength
    return sum
  }

  /** What is left of the client's patience for taking its answers, in milliseconds. */
  get takeCreditMs(): number {
    return this.#takeCreditMs
  }

  get streams(): Iterable<StreamSocket> {
    return this.#list.keys()
  }

  /** Lets all of them pay for so much time. Returns those whose client has been too slow. */
  sweep(elapsedMs: number): StreamSocket[] {
    const transfers = [...this.#list.values()]
    for (const transfer of transfers) this.#look(transfer, elapsedMs)
    this.#pay(transfers, elapsedMs)
    const waiting = transfers.filter(({ mustSend, mustTake }) => mustSend || mustTake).length
    return transfers.filter(transfer => this.#isOver(transfer, waiting)).map(({ stream }) => stream)
  }

  /** Whether the system is to be asked what it still holds: that may go on without this process. */
  get isSuspect(): boolean {
    const leftMs = suspectShare * this.#patience.fullMs
    if (this.#takeCreditMs < leftMs) return true
    for (const { mustTake, quietMs } of this.#list.values()) if (mustTake && quietMs > leftMs) return true
    return false
  }

  /** The system holds so many bytes of this connection, which the other end has not confirmed. */
  confirm(unconfirmed: number): void {
    const before = this.#confirmed
    this.#confirmed = this.#takenNow - unconfirmed
    const bytes = before < 0 ? 0 : this.#confirmed - before
    if (bytes <= 0) return
    this.#takeCreditMs = spend(this.#patience, this.#takeCreditMs, 0, bytes)
    const isFull = (this.#root._handle?.writeQueueSize ?? 0) > 0
    for (const transfer of this.#list.values()) {
      if (transfer.mustTake && (isFull || before < transfer.givenBytes)) transfer.quietMs = 0
    }
  }

  #look(transfer: Transfer, elapsedMs: number): void {
    const { stream } = transfer
    const bytes = stream.saola.bytesRead + bytesTaken(stream)
    transfer.mustSend = !stream.closed && stream.readableFlowing === true && isArriving(stream)
    transfer.mustTake = !stream.closed && stream.writableLength > 0
    // Of one that is closed, Node waits for the end of what it cannot send any more.
    const isClientsTurn = stream.closed || transfer.mustSend || transfer.mustTake
    if (bytes !== transfer.bytes) transfer.givenBytes = this.#root._handle?.bytesWritten ?? transfer.givenBytes
    transfer.quietMs = bytes !== transfer.bytes || !isClientsTurn ? 0 : transfer.quietMs + elapsedMs
    transfer.bytes = bytes
    if (transfer.mustSend) transfer.sendMs += elapsedMs
    transfer.takeMs = transfer.mustTake ? transfer.takeMs + elapsedMs : 0
  }

  #pay(transfers: readonly Transfer[], elapsedMs: number): void {
    const { fullMs } = this.#patience
    const received = this.#root.bytesRead
    const taken = this.#takenNow
    if (transfers.some(({ mustSend }) => mustSend)) {
      this.#sendCreditMs = spend(this.#patience, this.#sendCreditMs, elapsedMs, received - this.#received)
    } else if (!transfers.some(({ stream }) => isArriving(stream))) {
      this.#sendCreditMs = fullMs
    }
    const takers = transfers.filter(({ mustTake }) => mustTake)
    const patience = takers.every(({ stream }) => isOfEvents(stream)) ? this.#endless : this.#patience
    this.#takeCreditMs =
      takers.length > 0 ? spend(patience, this.#takeCreditMs, elapsedMs, taken - this.#taken) : fullMs
    this.#received = received
    this.#taken = taken
  }

  #isOver({ stream, mustSend, mustTake, quietMs, sendMs, takeMs }: Transfer, waiting: number): boolean {
    const { minRate, transferMs } = this.#limits
    const { fullMs } = this.#patience
    if (stream.closed) return quietMs >= fullMs
    if ((mustSend && this.#sendCreditMs === 0) || (mustTake && this.#takeCreditMs === 0)) return true
    if (transferMs > 0 && Math.max(sendMs, takeMs) > transferMs) return true
    return quietMs >= fullMs + (waiting * pieceBytes * 1000) / (minRate || usualRate)
  }

  get #takenNow(): number {
    const handle = this.#root._handle
    return handle ? handle.bytesWritten - handle.writeQueueSize : this.#taken
  }
}

/** More of its body is to come. */
function isArriving({ _httpMessage }: StreamSocket): boolean {
  return _httpMessage?.req.complete === false
}

function isOfEvents({ _httpMessage }: StreamSocket): boolean {
  const type = _httpMessage?.getHeader('content-type')
  return typeof type === 'string' && type.startsWith('text/event-stream')
}
