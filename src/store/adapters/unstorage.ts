/** The store as a driver of https://unstorage.unjs.io: a map whose values are texts and bytes. */
import type { Store } from '../store.ts'
import { StoreError } from '../store-error.ts'
import type { SetOptions, StoreMap } from '../structures/map.ts'
import type { Subscription } from '../structures/subscription.ts'
import type { Change } from '../structures/watch.ts'
import { lifetimeOf } from './lifetime.ts'

export interface SaolaDriverOptions {
  readonly store: Store
  /** The name of the map; `unstorage` by default. */
  readonly name?: string
}

/** Options that unstorage hands on: of these, `ttl` counts, the seconds that an item lives; for ever without it. */
export interface ItemOptions {
  readonly ttl?: number
  readonly [name: string]: unknown
}

type WatchCallback = (event: 'update' | 'remove', key: string) => unknown

/** What unstorage asks of a driver, as far as this one does it. */
export interface SaolaDriver {
  readonly name: string
  readonly flags: { readonly ttl: true }
  readonly options: SaolaDriverOptions
  /** The map behind it. */
  getInstance(): StoreMap<Uint8Array>
  hasItem(key: string): Promise<boolean>
  /** The text of an item; null when it is absent. */
  getItem(key: string): Promise<string | null>
  getItems(items: readonly { readonly key: string }[]): Promise<{ key: string; value: string | null }[]>
  /** The bytes of an item, whether it was set as text or as bytes; null when it is absent. */
  getItemRaw(key: string): Promise<Buffer | null>
  /** @throws {StoreError} STORE_VALUE_INVALID when the text is no valid Unicode. */
  setItem(key: string, value: string, options?: ItemOptions): Promise<void>
  setItems(items: readonly { readonly key: string; value: string; options?: ItemOptions }[]): Promise<void>
  /** @throws {StoreError} STORE_VALUE_INVALID when it is neither a text nor a Uint8Array or ArrayBuffer. */
  setItemRaw(key: string, value: string | Uint8Array | ArrayBuffer, options?: ItemOptions): Promise<void>
  removeItem(key: string): Promise<void>
  getKeys(base?: string): Promise<string[]>
  clear(base?: string): Promise<void>
  /** Hears of the changes of all processes; not of `clear` without a base, for which unstorage has no event. */
  watch(callback: WatchCallback): Promise<() => Promise<void>>
  /** Ends what it listens to. The store stays open. */
  dispose(): Promise<void>
}

const deletedAtOnce = 500

/**
 * A driver that keeps items in a map of the store.
 *
 * ```ts
 * import { saolaDriver } from 'saola/unstorage'
 * import { store } from 'saola/store'
 * import { createStorage } from 'unstorage'
 *
 * const storage = createStorage({ driver: saolaDriver({ store, name: 'cache' }) })
 * await storage.setItem('user:7', { name: 'Ann' }, { ttl: 60 })
 * ```
 */
export function saolaDriver(options: SaolaDriverOptions): SaolaDriver {
  const map = options.store.map<Uint8Array>(options.name ?? 'unstorage', { codec: 'bytes' })
  const watches = new Set<Subscription<Change>>()
  const setItem = async (key: string, value: string, itemOptions?: ItemOptions) => {
    await map.set(key, bytesOf(value), setOptionsOf(itemOptions))
  }
  return {
    name: 'saola',
    flags: { ttl: true },
    options,
    getInstance: () => map,
    hasItem: key => map.has(key),
    getItem: async key => textOf(await map.get(key)),
    getItems: async items => {
      const values = await map.getMany(items.map(({ key }) => key))
      return items.map(({ key }, i) => ({ key, value: textOf(values[i]) }))
    },
    getItemRaw: async key => ((await map.get(key)) as Buffer | undefined) ?? null,
    setItem,
    setItems: async items => {
      await Promise.all(items.map(item => setItem(item.key, item.value, item.options)))
    },
    setItemRaw: async (key, value, itemOptions) => {
      await map.set(key, typeof value === 'string' ? bytesOf(value) : (value as Uint8Array), setOptionsOf(itemOptions))
    },
    removeItem: async key => {
      await map.delete(key)
    },
    getKeys: base => keysOf(map, prefixOf(base)),
    clear: async base => (prefixOf(base) === '' ? map.clear() : deleteAll(map, prefixOf(base))),
    watch: async callback => {
      const changes = options.store.watch(map.name)
      await changes.ready
      watches.add(changes)
      // It ends when the store is closed.
      tellChanges(map, changes, callback).catch(() => {})
      return async () => {
        watches.delete(changes)
        await changes.return()
      }
    },
    dispose: async () => {
      for (const changes of watches) await changes.return()
      watches.clear()
    },
  }
}

/** unstorage writes `users:`, and people `users`. */
function prefixOf(base = ''): string {
  return base === '' || base.endsWith(':') ? base : `${base}:`
}

function setOptionsOf({ ttl }: ItemOptions = {}): SetOptions {
  return ttl ? { ttl: lifetimeOf(ttl * 1000) } : {}
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes ? (bytes as Buffer).toString() : null
}

function bytesOf(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  throw new StoreError('STORE_VALUE_INVALID', 'The text holds half of a character: store it as JSON or as bytes.')
}

async function keysOf(map: StoreMap<Uint8Array>, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of map.keys({ prefix })) keys.push(key)
  return keys
}

async function deleteAll(map: StoreMap<Uint8Array>, prefix: string): Promise<void> {
  const keys = await keysOf(map, prefix)
  for (let i = 0; i < keys.length; i += deletedAtOnce) await map.delete(...keys.slice(i, i + deletedAtOnce))
}

/** A change says which key, and not what became of it. */
async function tellChanges(map: StoreMap<Uint8Array>, changes: Subscription<Change>, callback: WatchCallback) {
  for await (const { field } of changes) {
    if (field !== undefined) callback((await map.has(field)) ? 'update' : 'remove', field)
  }
}
