/**
 * Whether this worker accepts: never above `maxConnections`, and not above its fair share while others have less.
 * Stopping to accept costs a waiting client nothing that accepting and then making it wait would not, too.
 */
import { sendToSupervisor } from '../ipc/channel.ts'
import type { Acceptor } from './acceptor.ts'

// Nobody waits longer than this for the sake of fairness.
const patienceMs = 100
// Small changes are not worth a message.
const reportStep = 2
const reportEveryMs = 5
// What the supervisor says to a worker without others to share with.
const alone = Number.MAX_SAFE_INTEGER

export class Admission {
  readonly #acceptors: Acceptor[] = []
  readonly #connectionsMax: number
  #connections = 0
  #share = alone
  /** Above the share, because the others do not take theirs. */
  #overdraft = 0
  #isClosed = false
  #isPaused = false
  #patience: NodeJS.Timeout | undefined
  #report: NodeJS.Timeout | undefined
  #reported = 0

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax
  }

  add(acceptor: Acceptor): void {
    this.#acceptors.push(acceptor)
  }

  /** So many connections are open now: called whenever one has come or gone. */
  update(connections: number): void {
    this.#connections = connections
    this.#evaluate()
  }

  /** The supervisor has counted: so many connections are this worker's share. */
  setShare(connections: number): void {
    this.#share = connections
    this.#overdraft = 0
    // A new share means that somebody else has moved: no reason yet to lose patience.
    this.#patience?.refresh()
    this.#evaluate()
  }

  /** Looks again: a spare has come, and with it the possibility of a pause. */
  reconsider(): void {
    this.#evaluate()
  }

  /** Accepts nothing more, for good. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#patience)
    clearTimeout(this.#report)
    for (const acceptor of this.#acceptors) acceptor.close()
  }

  #evaluate(): void {
    if (this.#isClosed) return
    const count = this.#connections
    const isFull = count >= this.#connectionsMax
    if (count < this.#share) this.#overdraft = 0
    const isAhead = count >= this.#share + this.#overdraft
    if (!this.#isPaused && (isFull || (isAhead && this.#acceptors.every(acceptor => acceptor.hasSpare)))) {
      this.#pause(isFull)
    } else if (this.#isPaused && !isFull && !isAhead) {
      this.#resume()
    }
    if (this.#share !== alone && Math.abs(count - this.#reported) >= reportStep) this.#reportLater()
  }

  #pause(isFull: boolean): void {
    this.#isPaused = true
    for (const acceptor of this.#acceptors) acceptor.pause()
    this.#send()
    if (!isFull) this.#patience = setTimeout(() => this.#loosePatience(), patienceMs)
  }

  #resume(): void {
    this.#isPaused = false
    clearTimeout(this.#patience)
    this.#patience = undefined
    for (const acceptor of this.#acceptors) acceptor.resume()
  }

  /** The others did not catch up; perhaps they hang. Whoever waits in the queue is served by this worker, then. */
  #loosePatience(): void {
    const count = this.#connections
    this.#overdraft = Math.max(0, count - this.#share) + Math.ceil(count / 4) + 1
    this.#evaluate()
  }

  #reportLater(): void {
    this.#report ??= setTimeout(() => {
      this.#report = undefined
      this.#send()
    }, reportEveryMs)
  }

  #send(): void {
    this.#reported = this.#connections
    sendToSupervisor({ type: 'saola.load', connections: this.#connections })
  }
}
