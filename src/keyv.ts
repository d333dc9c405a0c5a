/** `saola/keyv`: the store as a storage adapter of Keyv. */
export { type KeyvEntry, KeyvSaola, type KeyvSaolaOptions } from './store/adapters/keyv.ts'
