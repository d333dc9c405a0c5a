/** What the files of the suite share. Each has one function, which registers its tests for one engine. */
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { StoreLimits } from '../commands/command.ts'
import type { Engine } from '../engines/engine.ts'
import { Store } from '../store.ts'
import type { TestClock } from '../test-store.ts'

/**
 * An engine on data of its own, empty, which is closed when the test ends. Without a clock the suite waits for the
 * real one. The limits are to be observed if they are given.
 */
export type OpenEngine = (t: TestContext, limits?: Partial<StoreLimits>) => Opened | Promise<Opened>

export interface Opened {
  readonly engine: Engine
  readonly clock?: Pick<TestClock, 'advance'>
  /** Another engine on the same data, as another process has one. */
  readonly openOther: () => Engine
  /** How many runs a property gets: fewer where one takes longer; 60 by default. */
  readonly runs?: number
  /** In what it differs, as docs/store.md says: none by default. */
  readonly differs?: readonly Difference[]
  /** The process that `info` tells of; this one by default. */
  readonly pid?: number | undefined
}

/**
 * `no limit of keys`: `keysMax` is not observed. `lists are copied`: who goes through a list sees it as it was at the
 * beginning.
 */
export type Difference = 'no limit of keys' | 'lists are copied'

export interface Subject {
  readonly engine: Engine
  readonly store: Store
  /** The store as another process sees it. */
  other(): Store
  /** For properties. */
  readonly runs: number
  /** Lets so many milliseconds go by. */
  pass(ms: number): Promise<void>
  differs(difference: Difference): boolean
  readonly pid: number
}

export async function openSubject(open: OpenEngine, t: TestContext, limits?: Partial<StoreLimits>): Promise<Subject> {
  const { engine, clock, openOther, runs = 60, differs = [], pid = process.pid } = await open(t, limits)
  // Timers may be a millisecond early.
  const pass = async (ms: number) => (clock ? clock.advance(`${ms}ms`) : sleep(ms + 5))
  const subject = { engine, store: new Store(engine), other: () => new Store(openOther()), runs, pass, pid }
  return { ...subject, differs: difference => differs.includes(difference) }
}

// In a cluster what is changed together lies in one slot, by the part of the names in braces: `{s}` and `{s}done`.

// Far longer than any engine takes: what is not heard by then was lost.
const heardMs = 60_000

/** A list that can be waited for. */
export class Heard<Item> {
  readonly items: Item[] = []
  readonly #waiting = new Set<() => void>()

  readonly add = (item: Item): void => {
    this.items.push(item)
    for (const check of this.#waiting) check()
  }

  /** Resolves when there are so many; rejects when they do not come. */
  async count(wanted: number): Promise<readonly Item[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => this.items.length >= wanted && resolve()
    const giveUp = () => reject(new Error(`heard ${inspect(this.items)} only, and not ${wanted}`))
    const timer = setTimeout(giveUp, heardMs)
    this.#waiting.add(check)
    check()
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(check)
    }
    return this.items
  }
}

export async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}
