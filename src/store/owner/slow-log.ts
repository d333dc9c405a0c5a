import type { Client } from './client.ts'

export interface SlowRequest {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly ms: number
  /** The name and the arguments, as far as they are kept. */
  readonly parts: readonly Buffer[]
  readonly address: string
  readonly name: string
}

const partsMax = 32
const partBytesMax = 128

/** The last requests that took long, as SLOWLOG shows them. The time is that of the work, not of waiting for it or its commit. */
export class SlowLog {
  /** Milliseconds; infinite when nothing is to be kept. */
  thresholdMs = 10
  #lengthMax = 128
  #idNext = 0
  /** The latest first. */
  #requests: SlowRequest[] = []

  get length(): number {
    return this.#requests.length
  }

  get lengthMax(): number {
    return this.#lengthMax
  }

  set lengthMax(value: number) {
    this.#lengthMax = value
    this.#requests.splice(value)
  }

  /** The latest ones first. */
  latest(count: number): readonly SlowRequest[] {
    return this.#requests.slice(0, count)
  }

  add(parts: readonly Buffer[], ms: number, client: Client): void {
    const address = client.connection?.address ?? ''
    this.#requests.unshift({
      id: this.#idNext++,
      at: Date.now(),
      ms,
      parts: shortened(parts),
      address,
      name: client.name,
    })
    this.#requests.splice(this.#lengthMax)
  }

  reset(): void {
    this.#requests = []
  }
}

/** Copies, since what came in lies in a chunk of the connection. Texts as Redis has them. */
function shortened(parts: readonly Buffer[]): Buffer[] {
  const kept = parts.length > partsMax ? parts.slice(0, partsMax - 1) : parts
  const copies = kept.map(part => {
    if (part.length <= partBytesMax) return Buffer.from(part)
    const rest = `... (${part.length - partBytesMax} more bytes)`
    return Buffer.concat([part.subarray(0, partBytesMax), Buffer.from(rest)])
  })
  const left = parts.length - kept.length
  return left === 0 ? copies : [...copies, Buffer.from(`... (${left} more arguments)`)]
}
