/** `saola/testing`: what the tests of an application need. */
export { createTestStore, type TestClock, type TestStore, type TestStoreOptions } from './store/test-store.ts'
