/**
 * What one worker keeps in its own memory, by address, within a budget of bytes. When there is no room the clock goes round
 * (second chance): what was used since it came by last stays, the rest goes. A hit so costs one flag.
 */
import { OrderedMap } from '../ordered-map.ts'
import { type Entry, type PassMark, weightOf } from './entry.ts'

/** All that is kept of one address. */
export interface Slot {
  /** By what its answers vary. */
  readonly vary: readonly string[]
  readonly variants: Map<string, Entry>
  readonly pass: PassMark | undefined
  bytes: number
  wasUsed: boolean
}

const slotsMax = 100_000
// More ways to ask for one address is somebody who tries to fill the cache.
const variantsMax = 64
const slotBytes = 500

export class MemoryCache {
  readonly #slots = new OrderedMap<Slot>()
  readonly #bytesMax: number
  bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#slots.size
  }

  get(base: string): Slot | undefined {
    const slot = this.#slots.get(base)
    if (slot) slot.wasUsed = true
    return slot
  }

  /** Keeps an answer in the place of the one of the same variant. */
  put(base: string, vary: readonly string[], variant: string, entry: Entry): void {
    const weight = weightIn(variant, entry)
    if (weight > this.#bytesMax) return this.remove(base)
    let slot = this.#slots.get(base)
    if (!slot || slot.pass || !isSame(slot.vary, vary)) {
      slot = this.#replace(base, slotOf(base, { vary }))
    }
    const old = slot.variants.get(variant)
    if (old) this.#count(slot, -weightIn(variant, old))
    else if (slot.variants.size >= variantsMax) this.#dropOldest(slot)
    slot.variants.set(variant, entry)
    this.#count(slot, weight)
    this.#evict()
  }

  /** Remembers by what the answers of an address vary, also before there is one. */
  learn(base: string, vary: readonly string[]): void {
    const slot = this.#slots.get(base)
    if (slot && !slot.pass && isSame(slot.vary, vary)) return
    this.#replace(base, slotOf(base, { vary }))
    this.#evict()
  }

  /** Remembers that there is nothing to keep. */
  mark(base: string, pass: PassMark): void {
    this.#replace(base, slotOf(base, { pass }))
    this.#evict()
  }

  remove(base: string): void {
    const slot = this.#slots.get(base)
    if (!slot) return
    this.#slots.delete(base)
    this.bytes -= slot.bytes
  }

  /** Removes addresses of which something is meant. Returns how many. */
  removeWhere(isMeant: (kept: Entry | PassMark) => boolean): number {
    let removed = 0
    for (const [base, { pass, variants }] of this.#slots.entries()) {
      if (!((pass && isMeant(pass)) || variants.values().some(isMeant))) continue
      this.remove(base)
      removed++
    }
    return removed
  }

  #replace(base: string, slot: Slot): Slot {
    this.remove(base)
    this.#slots.set(base, slot)
    this.bytes += slot.bytes
    return slot
  }

  #dropOldest(slot: Slot): void {
    const [first] = slot.variants
    if (!first) return
    slot.variants.delete(first[0])
    this.#count(slot, -weightIn(...first))
  }

  #count(slot: Slot, bytes: number): void {
    slot.bytes += bytes
    this.bytes += bytes
  }

  #evict(): void {
    while (this.bytes > this.#bytesMax || this.#slots.size > slotsMax) {
      const { oldest } = this.#slots
      if (!oldest) return
      if (oldest.value.wasUsed) {
        oldest.value.wasUsed = false
        this.#slots.use(oldest.key)
      } else this.remove(oldest.key)
    }
  }
}

/** Keys are as long as clients make them. */
function slotOf(base: string, { vary = [], pass }: { vary?: readonly string[]; pass?: PassMark }): Slot {
  const bytes = slotBytes + 2 * (base.length + (pass ? pass.key.length + pass.path.length : 0))
  return { vary, variants: new Map(), pass, bytes, wasUsed: false }
}

function weightIn(variant: string, entry: Entry): number {
  return 2 * variant.length + weightOf(entry)
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}
