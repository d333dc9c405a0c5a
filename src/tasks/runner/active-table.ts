/**
 * The jobs that run in this process, where its keeper thread sees them: the main thread may be in the middle of an endless loop,
 * and cannot be asked. Memory that both share costs less than a message at the beginning and at the end of each job.
 *
 * The main thread alone writes. The number in front of an entry is odd while there is a job in it and grows with each change, so
 * that a reader who finds it changed behind his reading knows that he has read nothing.
 */
const entryBytes = 96
const at = { turn: 0, token: 8, deadline: 16, retry: 24, started: 32, attempt: 40, id: 48 } as const
const idBytesMax = entryBytes - at.id

/** What the keeper must know of a job to end it. */
export interface ActiveEntry {
  readonly id: string
  readonly token: number
  readonly attempt: number
  /** By `monotonicMs`. */
  readonly started: number
  /** When it is killed; infinite: never. */
  readonly deadline: number
  /** If it is killed, the next attempt comes after so long; null: none. */
  readonly retryMs: number | null
}

export class ActiveTable {
  readonly buffer: SharedArrayBuffer
  readonly size: number
  readonly #view: DataView
  readonly #turns: Int32Array
  readonly #bytes: Uint8Array

  constructor(size: number, buffer = new SharedArrayBuffer(size * entryBytes)) {
    this.size = size
    this.buffer = buffer
    this.#view = new DataView(buffer)
    this.#turns = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  /** Puts a job into place `index`, which is free. */
  set(index: number, entry: ActiveEntry): void {
    const from = index * entryBytes
    this.#view.setFloat64(from + at.token, entry.token)
    this.#view.setFloat64(from + at.deadline, entry.deadline)
    this.#view.setFloat64(from + at.retry, entry.retryMs ?? Number.NaN)
    this.#view.setFloat64(from + at.started, entry.started)
    this.#view.setFloat64(from + at.attempt, entry.attempt)
    const id = Buffer.from(entry.id, 'latin1').subarray(0, idBytesMax)
    this.#bytes.fill(0, from + at.id, from + entryBytes)
    this.#bytes.set(id, from + at.id)
    this.#turn(index)
  }

  clear(index: number): void {
    this.#turn(index)
  }

  #turn(index: number): void {
    Atomics.add(this.#turns, (index * entryBytes) / 4, 1)
  }

  /** The job in place `index` now, if there is one. */
  get(index: number): ActiveEntry | undefined {
    const from = index * entryBytes
    const turn = Atomics.load(this.#turns, from / 4)
    if (turn % 2 === 0) return undefined
    const id = Buffer.from(this.#bytes.slice(from + at.id, from + entryBytes)).toString('latin1')
    const retry = this.#view.getFloat64(from + at.retry)
    const entry = {
      id: id.replace(/\0+$/, ''),
      token: this.#view.getFloat64(from + at.token),
      deadline: this.#view.getFloat64(from + at.deadline),
      started: this.#view.getFloat64(from + at.started),
      attempt: this.#view.getFloat64(from + at.attempt),
      retryMs: Number.isNaN(retry) ? null : retry,
    }
    return Atomics.load(this.#turns, from / 4) === turn ? entry : undefined
  }

  /** Every job that is there now. */
  entries(): ActiveEntry[] {
    return Array.from({ length: this.size }, (_, index) => this.get(index)).filter(entry => entry !== undefined)
  }
}

/** The same in every thread, unlike performance.now(), and never set back. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
