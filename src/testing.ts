/** `saola/testing`: what the tests of an application need. */
export { createTestStore, type TestClock, type TestStore, type TestStoreOptions } from './store/test-store.ts'
export { createTestTasks, type TestTasks, type TestTasksOptions } from './tasks/test-tasks.ts'
