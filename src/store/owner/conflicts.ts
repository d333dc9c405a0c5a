/**
 * What WATCH promises: an EXEC is refused when one of the keys has changed since. A change counts when it is made, and no longer
 * when its turn is rolled back; what EXEC and UNWATCH let go of, they let go of with the commit.
 */
import { everyKey, type Keyspace } from '../database/keyspace.ts'
import type { WatchedKeys } from './client.ts'

export class Conflicts {
  readonly #keyspace: Keyspace
  readonly #byKey = new Map<string, Set<WatchedKeys>>()
  /** Of the turn that runs. */
  readonly #broken: WatchedKeys[] = []
  readonly #added: { watched: WatchedKeys; text: string }[] = []
  readonly #released: WatchedKeys[] = []

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  /** @param names stored ones. */
  watch(watched: WatchedKeys, names: readonly Buffer[]): void {
    for (const name of names) {
      const text = name.toString('latin1')
      if (watched.keys.has(text)) continue
      const existed = this.#keyspace.find(name) !== undefined
      watched.keys.set(text, { existed, wasExpired: !existed && this.#keyspace.hasExpired(name) })
      this.#byKey.set(text, (this.#byKey.get(text) ?? new Set()).add(watched))
      this.#added.push({ watched, text })
    }
  }

  /** One of the keys has changed, or has reached the end of its time. */
  isBroken(watched: WatchedKeys): boolean {
    if (watched.isBroken) return true
    for (const [text, { existed }] of watched.keys) {
      if (existed && !this.#keyspace.find(Buffer.from(text, 'latin1'))) return true
    }
    return false
  }

  /** A key was changed; every key, when there is nothing left of a database. */
  noteChange(name: Buffer): void {
    if (this.#byKey.size === 0) return
    // Whoever watches a key that is gone finds it out by looking.
    if (name === everyKey) return
    const text = name.toString('latin1')
    for (const watched of this.#byKey.get(text) ?? []) {
      const key = watched.keys.get(text)
      if (key?.wasExpired && !this.#keyspace.find(name)) key.wasExpired = false
      else this.#break(watched)
    }
  }

  /** The file has another content. */
  breakAll(): void {
    for (const all of this.#byKey.values()) for (const watched of all) watched.isBroken = true
  }

  release(watched: WatchedKeys): void {
    this.#released.push(watched)
  }

  /** A connection has gone. */
  forget(watched: WatchedKeys): void {
    for (const text of watched.keys.keys()) this.#remove(watched, text)
    watched.keys.clear()
  }

  committed(): void {
    for (const watched of this.#released) this.forget(watched)
    this.#clear()
  }

  rolledBack(): void {
    for (const watched of this.#broken) watched.isBroken = false
    for (const { watched, text } of this.#added) {
      watched.keys.delete(text)
      this.#remove(watched, text)
    }
    this.#clear()
  }

  #clear(): void {
    this.#broken.length = 0
    this.#added.length = 0
    this.#released.length = 0
  }

  #break(watched: WatchedKeys): void {
    if (watched.isBroken) return
    watched.isBroken = true
    this.#broken.push(watched)
  }

  #remove(watched: WatchedKeys, text: string): void {
    const all = this.#byKey.get(text)
    all?.delete(watched)
    if (all?.size === 0) this.#byKey.delete(text)
  }
}
