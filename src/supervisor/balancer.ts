/**
 * Accepting in the supervisor: for the balances that must choose a worker for each connection. It costs a hand-over of
 * the descriptor (some 0.1 ms), and gives round-robin, least-connections and sticky.
 *
 * A worker gets its next connection only after it has taken the last one. So a worker that hangs is given at most one,
 * and the rest wait here, in the order of their arrival, for those that do take theirs. This process keeps its own copy
 * until then: when the worker ends without having taken it, another one gets it, and the client does not notice.
 */
import net from 'node:net'
import type { ListenSocket } from './sockets.ts'

/** A worker as the balancer sees it. */
export interface Candidate {
  readonly id: number
  readonly index: number
  connections: number
  /** Since when a connection that was handed over waits to be acknowledged: `performance.now()`. */
  busySince: number | undefined
  /** @returns false when the channel is closed. */
  give(connection: Accepted): boolean
}

export type Balance = 'round-robin' | 'least-connections' | 'sticky'

export interface BalancerOptions {
  readonly balance: Balance
  /** The cookie that names the worker; without it, a sticky client is known by its address. */
  readonly cookie: string | undefined
  readonly backlog: number
  /** A worker with so many connections is given no more. */
  readonly maxConnections: number
}

/** A connection that was accepted for a worker. */
export interface Accepted {
  readonly socket: net.Socket
  /** Where it was accepted. */
  readonly address: string
  /** What was read of it already. */
  readonly head: string | undefined
}

interface Waiting extends Accepted {
  readonly key: string | undefined
}

// A request's head that is not complete after this long or this far is routed without its cookie.
// A worker takes a connection in less than a millisecond, unless its loop is busy.
const patienceMs = 100
// More than there can be workers.
const turnsMax = 100_000
const headWaitMs = 1_000
const headBytesMax = 16 * 1024

export class Balancer {
  #options: BalancerOptions = { balance: 'round-robin', cookie: undefined, backlog: 511, maxConnections: 1 }
  readonly #candidates = new Map<number, Candidate>()
  readonly #servers = new Set<net.Server>()
  readonly #waiting: Waiting[] = []
  /** Handed over and not taken yet, by worker. */
  readonly #pending = new Map<number, Waiting>()
  #lastIndex = -1
  #timer: NodeJS.Timeout | undefined

  /** From now on; connections that wait are routed by the new options, too. */
  configure(options: BalancerOptions): void {
    this.#options = options
  }

  /** Accepts from this socket until it is closed. */
  async listen(listening: Pick<ListenSocket, 'listen' | 'label'>): Promise<void> {
    // Paused, so that what a client sends stays in the kernel for the worker that will read it.
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, socket => {
      const { cookie } = this.#options
      const { label: address } = listening
      socket.on('error', () => socket.destroy())
      if (cookie === undefined) this.#route({ socket, address, head: undefined, key: socket.remoteAddress })
      else readHead(socket, head => this.#route({ socket, address, head, key: cookieOf(head, cookie) }))
    })
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    await listening.listen(server, this.#options.backlog)
  }

  /** Where it accepts. */
  addresses(): (net.AddressInfo | string | null)[] {
    return [...this.#servers].map(server => server.address())
  }

  add(candidate: Candidate): void {
    this.#candidates.set(candidate.id, candidate)
    this.#serve()
  }

  /** The worker is told to drain, or hangs: nothing more is given to it. What it was given before, it may still take. */
  remove(id: number): void {
    this.#candidates.delete(id)
  }

  /** The worker has ended. */
  gone(id: number): void {
    this.remove(id)
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending) this.#waiting.unshift(pending)
    this.#serve()
  }

  /** The worker has taken what it was given. */
  accepted(id: number): void {
    this.#pending.get(id)?.socket.destroy()
    this.#pending.delete(id)
    const candidate = this.#candidates.get(id)
    if (candidate) candidate.busySince = undefined
    this.#serve()
  }

  released(id: number): void {
    const candidate = this.#candidates.get(id)
    if (candidate) candidate.connections--
    this.#serve()
  }

  /** Stops accepting; connections that wait for a worker are closed. */
  close(): void {
    clearTimeout(this.#timer)
    for (const server of this.#servers) server.close()
    for (const { socket } of [...this.#waiting.splice(0), ...this.#pending.values()]) socket.destroy()
  }

  #route(waiting: Waiting): void {
    if (this.#waiting.length >= this.#options.backlog) {
      waiting.socket.destroy()
      return
    }
    this.#waiting.push(waiting)
    this.#serve()
  }

  #serve(): void {
    for (let i = 0; i < this.#waiting.length; ) {
      const waiting = this.#waiting[i]
      const candidate = waiting && this.#choose(waiting)
      if (!waiting || !candidate) {
        // A sticky client waits for its own worker; those behind it may have a free one.
        if (this.#options.balance !== 'sticky') return
        i++
        continue
      }
      this.#waiting.splice(i, 1)
      if (!waiting.socket.destroyed) this.#give(candidate, waiting)
    }
  }

  #give(candidate: Candidate, { socket, address, head, key }: Waiting): void {
    // What came after the head was read must travel with it; the kernel keeps what comes from now on.
    stopReading(socket)
    const late = head === undefined ? '' : (socket.read()?.toString('latin1') ?? '')
    const handedOver: Waiting = { socket, address, key, head: head === undefined ? undefined : head + late }
    candidate.busySince = performance.now()
    candidate.connections++
    this.#lastIndex = candidate.index
    this.#pending.set(candidate.id, handedOver)
    if (!candidate.give(handedOver)) this.gone(candidate.id)
  }

  /**
   * The worker that the balance wants. One that has not taken its last connection yet is waited for: of a burst, the
   * quicker worker would take nearly all otherwise. One that takes too long may hang, and is left out.
   */
  #choose({ key }: Waiting): Candidate | undefined {
    const open = [...this.#candidates.values()].filter(one => one.connections < this.#options.maxConnections)
    const own = this.#options.balance === 'sticky' ? this.#ownOf(key) : undefined
    if (own) return open.includes(own) && own.busySince === undefined ? own : undefined
    const wanted = this.#pick(open)
    if (!wanted || wanted.busySince === undefined) return wanted
    const patienceLeftMs = wanted.busySince + patienceMs - performance.now()
    if (patienceLeftMs <= 0) return this.#pick(open.filter(one => one.busySince === undefined))
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#serve()
    }, patienceLeftMs)
    return undefined
  }

  #pick(from: readonly Candidate[]): Candidate | undefined {
    const inOrder =
      this.#options.balance === 'least-connections'
        ? (a: Candidate, b: Candidate) => a.connections - b.connections || (a.busySince ?? 0) - (b.busySince ?? 0)
        : (a: Candidate, b: Candidate) => this.#turnOf(a) - this.#turnOf(b)
    return from.toSorted(inOrder)[0]
  }

  /** How many turns it is from the last one's: round and round, by index. */
  #turnOf({ index }: Candidate): number {
    return index > this.#lastIndex ? index - this.#lastIndex : index + turnsMax
  }

  /** By cookie the worker that it names; by address the one with the highest hash, which moves few when workers do. */
  #ownOf(key: string | undefined): Candidate | undefined {
    if (key === undefined) return undefined
    const all = [...this.#candidates.values()]
    if (this.#options.cookie !== undefined) return all.find(one => String(one.index) === key)
    // Loaded only here, as it takes a tenth of the time in which Node starts.
    const { createHash } = process.getBuiltinModule('node:crypto')
    let best: Candidate | undefined
    let highest = ''
    for (const one of all) {
      const hash = createHash('sha1').update(`${key} ${one.index}`).digest('hex')
      if (hash > highest) [highest, best] = [hash, one]
    }
    return best
  }
}

/** Reads until the end of the first request's head, then stops, so that the worker reads the rest. */
function readHead(socket: net.Socket, done: (head: string) => void): void {
  let head = ''
  // Timers run before what has come is read: a process that stood still would miss a head that has been here for long.
  const timer = setTimeout(() => setImmediate(finish), headWaitMs)
  let isFinished = false
  socket.on('data', onData)
  socket.once('end', finish)
  socket.resume()
  function onData(chunk: Buffer): void {
    head += chunk.toString('latin1')
    if (head.length > headBytesMax || head.includes('\r\n\r\n')) finish()
  }
  function finish(): void {
    if (isFinished) return
    isFinished = true
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', finish)
    stopReading(socket)
    if (!socket.destroyed) done(head)
  }
}

/**
 * Leaves what comes from now on in the kernel, for the worker. A paused socket goes on filling its buffer, and so does
 * the copy of one that was handed over: an upload in a hundred lost a piece to it.
 */
function stopReading(socket: net.Socket): void {
  socket.pause()
  // What the stream itself calls when its buffer has room.
  socket._read = () => {}
  const { _handle: handle } = socket as unknown as { _handle: { reading: boolean; readStop(): void } | null }
  if (!handle) return
  handle.reading = false
  handle.readStop()
}

function cookieOf(head: string, name: string): string | undefined {
  const line = /\r\ncookie:([^\r\n]*)/i.exec(head)?.[1]
  const pair = line?.split(';').find(pair => pair.trim().startsWith(`${name}=`))
  return pair?.slice(pair.indexOf('=') + 1).trim()
}
