import type { Engine } from './engines/engine.ts'
import { argumentInvalid } from './given.ts'
import { engineInside, type Store } from './store.ts'
import { openedTreeStore, store } from './tree-store.ts'

/**
 * What a store calls its commands on: for the rooms of Saola that have commands of their own.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when it is none; STORE_UNAVAILABLE for the tree's, outside of a tree.
 */
export function engineOf(given: Store): Engine {
  const engine = engineInside(given === store ? openedTreeStore() : given)
  if (!engine) throw argumentInvalid('The store', 'what openStore of this package returns', given)
  return engine
}
