/** What a cache keeps: whole answers, and the note that there is none to keep. */
import { smallTextBytes } from '../small-body.ts'

/** Times are milliseconds since 1970: workers share entries. */
interface Kept {
  /** Its whole key, of the address and of what it varies by. */
  readonly key: string
  readonly host: string
  /** Canonical, for purges. */
  readonly path: string
  /** When its request began: a purge of that moment or a later one means it. */
  readonly startedAt: number
}

export interface Entry extends Kept {
  readonly type: 'answer'
  readonly status: number
  readonly statusMessage: string
  /** Names and values in turn; without length, age and what belongs to one connection. */
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly tags: readonly string[]
  /** When it would have been 0 seconds old. */
  readonly bornAt: number
  readonly freshUntil: number
  readonly graceUntil: number
  /** Behind this it is of no use. */
  readonly errorUntil: number
}

/** The answer to this must not be kept: requests for it need not wait for each other. */
export interface PassMark extends Kept {
  readonly type: 'pass'
  readonly until: number
  readonly reason: string
}

/** By what the answers of an address vary. `id` is new whenever that was forgotten: older answers are not found any more. */
export interface VaryNote extends Kept {
  readonly type: 'vary'
  readonly names: readonly string[]
  readonly id: string
}

export type Freshness = 'fresh' | 'grace' | 'error' | 'over'

export function freshnessOf(entry: Entry, nowMs: number): Freshness {
  if (nowMs < entry.freshUntil) return 'fresh'
  if (nowMs < entry.graceUntil) return 'grace'
  return nowMs < entry.errorUntil ? 'error' : 'over'
}

// A map's place, objects and their properties; about.
const overheadBytes = 1_000

export function weightOf(entry: Entry): number {
  const headers = entry.headers.reduce((sum, text) => sum + text.length, 0)
  const { length } = entry.body
  return overheadBytes + 2 * (entry.key.length + entry.path.length + headers) + length + smallTextBytes(length)
}

type Shared = Entry | PassMark | VaryNote
const lengthBytes = 4

/** As the shared store keeps it: the length of the head, the head as JSON, the body. */
export function encodeShared(kept: Shared): Buffer {
  const { body, ...head } = kept.type === 'answer' ? kept : { ...kept, body: Buffer.alloc(0) }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json, body])
}

/** Undefined for what another version has written. */
export function decodeShared(bytes: Buffer): Shared | undefined {
  try {
    const end = lengthBytes + bytes.readUInt32BE()
    const head = JSON.parse(bytes.toString('utf8', lengthBytes, end)) as Shared
    if (head.type !== 'answer') return head.type === 'pass' || head.type === 'vary' ? head : undefined
    // A copy: what the store gives may be a piece of something larger.
    return { ...head, body: Buffer.from(bytes.subarray(end)) }
  } catch {
    return undefined
  }
}
