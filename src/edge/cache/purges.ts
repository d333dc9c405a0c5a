/**
 * Purges, remembered. Entries that a worker has in memory are removed at once; but an answer whose request began before the
 * purge may still be under way, or lie in the shared store. So every entry knows when its request began, and a purge means
 * all up to its own moment: whoever is about to keep or to take an entry asks here first (the bans of Varnish).
 */
import { LeastRecentMap } from '../least-recent.ts'
import { shortKey } from './cache-key.ts'
import type { Entry } from './entry.ts'

export interface Purge {
  /** Unique. */
  readonly id: string
  readonly kind: 'path' | 'prefix' | 'tag' | 'all'
  /** A canonical path, a path of whole segments, or the name of a tag; empty for `all`. */
  readonly value: string
  /** Milliseconds since 1970. */
  readonly at: number
}

interface Purgeable {
  readonly path: string
  readonly startedAt: number
  readonly tags?: Entry['tags']
}

const purgesMax = 1_000
const keysMax = 10_000

export class Purges {
  readonly #byId = new Map<string, Purge>()
  /** Single addresses: when they were changed last. */
  readonly #byKey = new LeastRecentMap<number>(keysMax)
  readonly #lifetimeMs: number

  /** A purge is forgotten when nothing that it means can live any more. */
  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs
  }

  /** Whether it is news. */
  add(purge: Purge): boolean {
    if (this.#byId.has(purge.id)) return false
    for (const [id, { at }] of this.#byId) if (at < purge.at - this.#lifetimeMs) this.#byId.delete(id)
    this.#byId.set(purge.id, purge)
    // Rather too much than too little: from then on all of them are one.
    if (this.#byId.size > purgesMax) this.#merge()
    return true
  }

  /** One address was changed. */
  addKey(base: string, at: number): void {
    this.#byKey.set(shortKey(base), at)
  }

  /** Whether something was purged since its request began. */
  means(kept: Purgeable, base?: string): boolean {
    const isChanged = base !== undefined && this.#byKey.size > 0
    if (isChanged && kept.startedAt <= (this.#byKey.get(shortKey(base)) ?? Number.NEGATIVE_INFINITY)) return true
    for (const purge of this.#byId.values()) if (isMeant(purge, kept)) return true
    return false
  }

  #merge(): void {
    const at = Math.max(...[...this.#byId.values()].map(purge => purge.at))
    this.#byId.clear()
    this.#byId.set('merged', { id: 'merged', kind: 'all', value: '', at })
  }
}

export function isMeant({ kind, value, at }: Purge, { path, startedAt, tags }: Purgeable): boolean {
  if (startedAt > at) return false
  if (kind === 'all') return true
  if (kind === 'path') return path === value
  if (kind === 'tag') return tags?.includes(value) === true
  const bare = value.endsWith('/') ? value.slice(0, -1) : value
  return path === bare || path.startsWith(`${bare}/`)
}

const tagsMax = 64
const tagLengthMax = 256

/** The tags of an answer: `Cache-Tag: a, b` or `Surrogate-Key: a b`. Undefined when there are more than can be kept. */
export function tagsOf(headers: Readonly<Record<string, string>>): string[] | undefined {
  const texts = [...(headers['cache-tag'] ?? '').split(','), ...(headers['surrogate-key'] ?? '').split(/[ ,]/)]
  const tags = [...new Set(texts.map(text => text.trim()).filter(text => text !== ''))]
  return tags.length > tagsMax || tags.some(tag => tag.length > tagLengthMax) ? undefined : tags
}
