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
    const target = openedTreeStore()
    const value = Reflect.get(target, name, target)
    return typeof value === 'function' ? value.bind(target) : value
  },
})

/** Resolves when all that was asked of it is done, if it was used at all: what came first is answered first. */
export async function settleTreeStore(): Promise<void> {
  await opened?.command('ping')
}

/** What `store` stands for. */
export function openedTreeStore(): Store {
  opened ??= openTreeStore()
  return opened
}
