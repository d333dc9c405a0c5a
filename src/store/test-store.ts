import type { StoreLimits } from './commands/command.ts'
import { MemoryEngine } from './engines/memory.ts'
import { optionsOf } from './given.ts'
import { Store } from './store.ts'
import { type Duration, millisecondsGiven } from './structures/structure.ts'

export interface TestStoreOptions {
  /** What the clock shows at first, in milliseconds since 1970; the present time by default. */
  readonly now?: number
  /** Smaller limits than those of a store by default, to test what happens at them. */
  readonly limits?: Partial<StoreLimits>
}

export interface TestStore {
  readonly store: Store
  readonly clock: TestClock
}

/** The time of a test's store. It stands still until it is moved. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number
  /**
   * Moves it on: seconds as a number, or a text such as `'500ms'` or `'2h'`. What was called before is carried out before;
   * when this returns, all that has expired is gone, and every wait whose time is over ends.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID; STORE_CLOSED.
   */
  advance(duration: Duration): void
}

/**
 * A store of its own for one test: in memory, without processes or files, and with all that `saola/store` can do.
 *
 * ```ts
 * const { store, clock } = createTestStore()
 * await store.map('sessions').set('ann', { id: 7 }, { ttl: '30m' })
 * clock.advance('31m')
 * assert.equal(await store.map('sessions').get('ann'), undefined)
 * await store.close()
 * ```
 */
export function createTestStore(options: TestStoreOptions = {}): TestStore {
  const { now = Date.now(), limits = {} } = optionsOf(options)
  let time = now
  const engine = new MemoryEngine({ now: () => time, limits })
  const clock: TestClock = {
    now: () => time,
    advance: duration => {
      const ms = millisecondsGiven(duration, 'advance')
      engine.moveClock(() => {
        time += ms
      })
    },
  }
  return { store: new Store(engine), clock }
}
