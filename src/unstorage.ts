/** `saola/unstorage`: the store as a driver of unstorage. */
export { type ItemOptions, type SaolaDriver, type SaolaDriverOptions, saolaDriver } from './store/adapters/unstorage.ts'
