/** Hears of changes of a key. What has changed several times before it is looked at is told once. */
import type { Engine } from '../engines/engine.ts'
import { optionsOf, textGiven } from '../given.ts'
import { StoreError } from '../store-error.ts'
import { type Ending, type Inbox, Subscription } from './subscription.ts'

export interface WatchOptions {
  /** Only changes of this field of a map, member of a set and the like, and of the whole key. */
  readonly field?: string
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined
}

export interface Change {
  readonly key: string
  /** Which entry of a map has changed; undefined: anything of the key may have. */
  readonly field: string | undefined
}

// Above it, it is said that anything may have changed.
const fieldsMax = 1000

/** The changes from now on: `await watch.ready` to be sure that the next one is heard. Also told after a lost connection. */
export function watchKey(engine: Engine, key: string, options: WatchOptions, ending: Ending): Subscription<Change> {
  const { field, signal } = optionsOf(options)
  if (field !== undefined) textGiven(field, 'field')
  return Subscription.open<string | undefined, Change>({
    inbox: new ChangedFields(),
    decode: changed => ({ key, field: changed }),
    signal,
    ending,
    onFull: () => new StoreError('STORE_SUBSCRIBER_SLOW', `Too many changes of ${JSON.stringify(key)} wait.`),
    subscribe: receive =>
      engine.watch(key, changed => {
        const name = changed && String(changed)
        if (field === undefined || name === undefined || name === field) receive(name)
      }),
  })
}

/** Each field once, in the order of their first change. It is never full. */
class ChangedFields implements Inbox<string | undefined> {
  #fields = new Set<string | undefined>()

  get length(): number {
    return this.#fields.size
  }

  push(field: string | undefined): boolean {
    if (this.#fields.has(undefined)) return true
    if (field === undefined || this.#fields.size >= fieldsMax) this.#fields = new Set([undefined])
    else this.#fields.add(field)
    return true
  }

  shift(): string | undefined {
    const [first] = this.#fields
    this.#fields.delete(first)
    return first
  }
}
