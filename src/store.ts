/** `saola/store`: data that all processes share. */

export type { Codec } from './store/codecs/codec.ts'
export type { StandardSchema } from './store/codecs/standard-schema.ts'
export type { OpenOptions, OpenRemoteOptions } from './store/open-options.ts'
export { openStore } from './store/open-store.ts'
export type { Durability } from './store/owner/owner-spec.ts'
export type { Reply } from './store/resp/reply.ts'
export type { Store } from './store/store.ts'
export { StoreError, type StoreErrorCode } from './store/store-error.ts'
export type { Cache, CacheOptions, CacheSetOptions, Compute, GetOrSetOptions } from './store/structures/cache.ts'
export type { Counter } from './store/structures/counter.ts'
export type { ConsumeOptions, ListOptions, SortOptions, StoreList, TakeOptions } from './store/structures/list.ts'
export type { AcquireOptions, Lock, LockHolder, LockOptions } from './store/structures/lock.ts'
export type { LockHandle } from './store/structures/lock-handle.ts'
export type { IterateOptions, MapOptions, SetOptions, StoreMap } from './store/structures/map.ts'
export type { ScoredMember } from './store/structures/scores.ts'
export type { StoreSet, StoreSetOptions } from './store/structures/set.ts'
export type {
  AddOptions,
  LexBounds,
  OrderOptions,
  RangeOptions,
  ScoreBounds,
  SortedSet,
} from './store/structures/sorted-set.ts'
export type { Duration, ValueOptions } from './store/structures/structure.ts'
export type { Subscription } from './store/structures/subscription.ts'
export type { SubscribeOptions, Topic, TopicMessage, TopicOptions } from './store/structures/topic.ts'
export type {
  Transaction,
  TransactionCounter,
  TransactionList,
  TransactionMap,
  TransactionSet,
  TransactionSortedSet,
  TransactionTopic,
} from './store/structures/transaction.ts'
export type { Change, WatchOptions } from './store/structures/watch.ts'
export { store } from './store/tree-store.ts'
