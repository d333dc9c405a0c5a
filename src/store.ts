/** `saola/store`: data that all processes share. */
import { openTreeStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'

export { type OpenOptions, openStore } from './store/open-store.ts'
export type { Store } from './store/store.ts'
export { StoreError, type StoreErrorCode } from './store/store-error.ts'
export type { Cache, CacheOptions } from './store/structures/cache.ts'
export type { Counter } from './store/structures/counter.ts'
export type { ListOptions, StoreList } from './store/structures/list.ts'
export type { Lock } from './store/structures/lock.ts'
export type { MapOptions, SetOptions, StoreMap } from './store/structures/map.ts'
export type { StoreSet, StoreSetOptions } from './store/structures/set.ts'
export type { SortedSet } from './store/structures/sorted-set.ts'
export type { Duration, ValueOptions } from './store/structures/structure.ts'
export type { Subscription } from './store/structures/subscription.ts'
export type { Topic } from './store/structures/topic.ts'
export type { Transaction } from './store/structures/transaction.ts'
export type { Change, WatchOptions } from './store/structures/watch.ts'

let opened: Store | undefined

/**
 * The store of the tree that this process belongs to. It is connected to at the first use.
 *
 * @throws {StoreError} STORE_UNAVAILABLE at the first use outside a tree: there it is `openStore({ dir })`.
 */
export const store: Store = new Proxy({} as Store, {
  get(_target, name) {
    opened ??= openTreeStore()
    const value = Reflect.get(opened, name, opened)
    return typeof value === 'function' ? value.bind(opened) : value
  },
})
