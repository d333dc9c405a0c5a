/**
 * Cuts clients that hold a connection and do nothing with it: they send a body byte by byte, or do not read what they have
 * asked for, of which each one holds memory.
 *
 * There is no timer a request. Once in a while all connections are looked at: one whose client has something to do pays for the time
 * with the patience that patience.ts keeps for it. As long as the application is at work, or reads nothing, nobody pays.
 * The head of a request is Node's (`headerTimeout`), and so is an idle connection (`keepAlive`); HTTP/2 has its own guard.
 */
import type net from 'node:net'
import type { LimitSettings } from '../limits/options.ts'
import { cutShort } from '../refusals/cut-short.ts'
import type { EdgeServices } from '../services.ts'
import { readKernelQueues } from './kernel-queues.ts'
import { createPatience, type Patience, spend } from './patience.ts'
import { PendingBudget } from './pending-budget.ts'
import { WatchedConnection, watchedOf } from './watched-connection.ts'

const sweepMsMax = 1_000
const sweepMsMin = 20
/** An endless body behind its answer would hold its connection for ever, however fast it comes. */
const restMsMax = 30_000
/** So much of the patience must be gone before the system is asked, and again after a part of it. */
const suspectShare = 0.75
const askAgainShare = 1 / 12
/** Between two sweeps a hundred requests may each ask for sixteen megabytes. */
const weighMs = 50

export class SlowClients {
  readonly counters = { slowBodies: 0, slowReaders: 0, overBudget: 0, silentWebSockets: 0 }
  readonly #limits: LimitSettings
  readonly #services: Pick<EdgeServices, 'clock' | 'log' | 'counts'>
  readonly #list: WatchedConnection[] = []
  readonly #budget: PendingBudget
  readonly #patience: Patience
  /** Of a stream of events: it has no rate. */
  readonly #endless: Patience
  readonly #onClose: (this: net.Socket) => void
  readonly #sweepMs: number
  readonly #timer: NodeJS.Timeout
  #sweptAt: number
  #askedAt = Number.NEGATIVE_INFINITY
  /** To ask for the time at each request would cost more than all that is done here. */
  readonly #weighTimer: NodeJS.Timeout
  #isWeighed = false
  #isAsking = false
  #cutsTold = 0

  constructor(
    limits: LimitSettings,
    services: Pick<EdgeServices, 'clock' | 'log' | 'counts'>,
    budget = new PendingBudget(limits.pendingBytes),
  ) {
    const clients = this
    this.#budget = budget
    budget.add({
      clients: () => this.#list,
      cut: connection => this.#cutReader(connection, 'overBudget'),
    })
    this.#limits = limits
    this.#services = services
    const idleMs = limits.idleTimeout === 0 ? Number.POSITIVE_INFINITY : limits.idleTimeout
    this.#patience = createPatience(idleMs, limits.minRate)
    this.#endless = createPatience(idleMs, 0)
    this.#sweepMs = sweepEvery(limits)
    this.#sweptAt = services.clock.now()
    this.#timer = setInterval(() => this.sweep(), this.#sweepMs).unref()
    this.#weighTimer = setTimeout(() => {
      this.#isWeighed = false
    }, weighMs).unref()
    // One function for all of them: it finds its connection in `this`.
    this.#onClose = function () {
      const connection = watchedOf(this)
      if (connection) clients.#remove(connection)
    }
  }

  watch(socket: net.Socket): void {
    this.#list.push(new WatchedConnection(socket, this.#list.length, this.#patience.fullMs))
    socket.on('close', this.#onClose)
  }

  close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#weighTimer)
  }

  /** A request has come, whose answer may have to wait in memory, too: there must be room. */
  makeRoom(): void {
    if (this.#isWeighed) return
    this.#isWeighed = true
    this.#weighTimer.refresh()
    this.#budget.keep()
  }

  /** Looks at all connections. */
  sweep(): void {
    const now = this.#services.clock.now()
    // A process that stood still itself has no right to blame others for it.
    const elapsedMs = Math.min(now - this.#sweptAt, 2 * this.#sweepMs)
    this.#sweptAt = now
    const suspects: WatchedConnection[] = []
    // From the end: those that are cut leave the list, and the last takes their place.
    for (let index = this.#list.length - 1; index >= 0; index--) {
      const connection = this.#list[index]
      if (!connection || connection.socket.destroyed) continue
      connection.ageMs += elapsedMs
      if (connection.isWebSocket) this.#lookAtWebSocket(connection, elapsedMs)
      else this.#look(connection, elapsedMs)
      if (connection.takeCreditMs < suspectShare * this.#patience.fullMs) suspects.push(connection)
    }
    this.#budget.keep()
    if (suspects.length > 0) void this.#ask(suspects, now)
    if (this.#cuts > this.#cutsTold) this.#services.log.warn('edge.slow-clients.cut', { ...this.counters })
    this.#cutsTold = this.#cuts
  }

  get #cuts(): number {
    const { slowBodies, slowReaders, overBudget, silentWebSockets } = this.counters
    return slowBodies + slowReaders + overBudget + silentWebSockets
  }

  #look(connection: WatchedConnection, elapsedMs: number): void {
    const { duty } = connection
    const { fullMs } = this.#patience
    const ceilingMs = this.#limits.transferTimeout || Number.POSITIVE_INFINITY
    const received = connection.receivedNow
    if (duty === 'send' || duty === 'both') {
      const bytes = received - connection.received
      connection.sendCreditMs = spend(this.#patience, connection.sendCreditMs, elapsedMs, bytes)
      connection.sendMs += elapsedMs
    } else if (!connection.arriving) {
      connection.sendCreditMs = fullMs
      connection.sendMs = 0
    }
    connection.restMs = connection.isDiscarding ? connection.restMs + elapsedMs : 0
    connection.received = received
    this.#lookAtAnswer(connection, elapsedMs, duty === 'take' || duty === 'both')
    if (connection.takeCreditMs === 0 || connection.takeMs > ceilingMs) this.#cutReader(connection, 'slowReaders')
    else if (connection.sendCreditMs === 0 || connection.sendMs > ceilingMs) this.#cutSender(connection)
    else if (connection.restMs > restMsMax) this.#cutSender(connection)
  }

  #lookAtAnswer(connection: WatchedConnection, elapsedMs: number, mustTake: boolean): void {
    const taken = connection.takenNow
    if (mustTake) {
      const bytes = taken - connection.taken
      connection.takeCreditMs = spend(this.#patienceFor(connection), connection.takeCreditMs, elapsedMs, bytes)
      connection.takeMs += elapsedMs
    } else {
      connection.takeCreditMs = this.#patience.fullMs
      connection.takeMs = 0
    }
    connection.taken = taken
  }

  #patienceFor(connection: WatchedConnection): Patience {
    if (connection.isWebSocket) return this.#endless
    const type = connection.response?.getHeader('content-type')
    return typeof type === 'string' && type.startsWith('text/event-stream') ? this.#endless : this.#patience
  }

  #lookAtWebSocket(connection: WatchedConnection, elapsedMs: number): void {
    const isMoving = connection.receivedNow !== connection.received || connection.takenNow !== connection.taken
    connection.received = connection.receivedNow
    connection.silentMs = isMoving ? 0 : connection.silentMs + elapsedMs
    this.#lookAtAnswer(connection, elapsedMs, connection.duty === 'take')
    const { webSocketIdleTimeout } = this.#limits
    const isSilent = webSocketIdleTimeout > 0 && connection.silentMs > webSocketIdleTimeout
    if (isSilent || connection.takeCreditMs === 0) this.#cutReader(connection, 'silentWebSockets')
  }

  /** What the system holds for them may have gone on without this process. */
  async #ask(suspects: readonly WatchedConnection[], now: number): Promise<void> {
    if (this.#isAsking || now - this.#askedAt < askAgainShare * this.#patience.fullMs) return
    this.#isAsking = true
    this.#askedAt = now
    const queues = await readKernelQueues(suspects.map(({ bottom }) => bottom))
    this.#isAsking = false
    for (const connection of suspects) {
      const queue = queues.get(connection.bottom)
      if (queue === undefined) continue
      const confirmed = connection.takenNow - queue
      const bytes = connection.confirmed < 0 ? 0 : confirmed - connection.confirmed
      connection.confirmed = confirmed
      connection.takeCreditMs = spend(this.#patienceFor(connection), connection.takeCreditMs, 0, bytes)
    }
  }

  #cutSender(connection: WatchedConnection): void {
    this.counters.slowBodies++
    const { response, arriving, socket } = connection
    // An answer in front of it on this connection would be taken for its own.
    if (response && response.req === arriving) cutShort(response, 408, 'slow')
    else {
      this.#services.counts?.countRefusal('slow')
      socket.destroy()
    }
    // It has a second to read the answer, and is not cut again in that time.
    connection.sendCreditMs = this.#patience.fullMs
    connection.sendMs = 0
    connection.restMs = 0
  }

  /** Whoever reads nothing reads no farewell either: a reset frees what the system holds for it, too. */
  #cutReader(connection: WatchedConnection, reason: keyof SlowClients['counters']): void {
    this.counters[reason]++
    this.#services.counts?.countRefusal('slow')
    const { socket, bottom } = connection
    if (bottom.remoteAddress !== undefined && !bottom.destroyed) bottom.resetAndDestroy()
    socket.destroy()
  }

  /** The last of the list takes the place of the one that leaves. */
  #remove({ index }: WatchedConnection): void {
    const last = this.#list.pop()
    if (!last || last.index === index) return
    last.index = index
    this.#list[index] = last
  }
}

/** Often enough for the shortest of the limits, and once a second with the usual ones. */
function sweepEvery({ idleTimeout, transferTimeout, webSocketIdleTimeout }: LimitSettings): number {
  const shortest = Math.min(...[idleTimeout, transferTimeout, webSocketIdleTimeout].filter(ms => ms > 0))
  return Math.max(sweepMsMin, Math.min(sweepMsMax, shortest / 8))
}
