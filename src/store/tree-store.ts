import { openTreeStore } from './open-store.ts'
import type { Store } from './store.ts'

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
