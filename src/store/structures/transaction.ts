/** Several structures changed together: all or nothing, and on what was read. */
import type { Call, Engine } from '../engines/engine.ts'
import { RecordingEngine } from '../engines/recording.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { Counter } from './counter.ts'
import { type ListOptions, StoreList } from './list.ts'
import { type MapOptions, StoreMap } from './map.ts'
import { StoreSet, type StoreSetOptions } from './set.ts'
import { SortedSet } from './sorted-set.ts'
import { checkKey, stepAside } from './structure.ts'
import { Topic, type TopicOptions } from './topic.ts'

const triesMax = 100

/** What the types below call writes. */
const writes = new Set([
  ...['set', 'setMany', 'increment', 'decrement', 'delete', 'clear', 'expire', 'push', 'unshift', 'remove'],
  ...['reverse', 'sort', 'add', 'addMany', 'publish'],
])

type Method = (...args: never[]) => unknown

/** The methods of a structure that can be used in a transaction. Writes answer nothing there. */
export type Transactional<Structure, Reads extends keyof Structure, Writes extends keyof Structure> = Pick<
  Structure,
  Reads
> & {
  readonly [Name in Writes]: Structure[Name] extends Method
    ? (...args: Parameters<Structure[Name]>) => Promise<unknown>
    : never
}

export type TransactionMap<V> = Transactional<
  StoreMap<V>,
  'name' | 'get' | 'getMany' | 'has' | 'size' | 'ttl' | 'entries' | 'keys' | 'values',
  'set' | 'setMany' | 'increment' | 'delete' | 'clear' | 'expire'
>

export type TransactionList<V> = Transactional<
  StoreList<V>,
  'name' | 'at' | 'slice' | 'length' | 'indexOf' | 'lastIndexOf' | 'includes' | 'toArray',
  'set' | 'push' | 'unshift' | 'remove' | 'clear' | 'reverse' | 'sort'
>

export type TransactionSet<V> = Transactional<
  StoreSet<V>,
  'name' | 'has' | 'hasMany' | 'size' | 'union' | 'intersection' | 'difference' | 'values',
  'add' | 'addMany' | 'delete' | 'clear'
>

export type TransactionSortedSet = Transactional<
  SortedSet,
  'name' | 'score' | 'scores' | 'has' | 'size' | 'count' | 'rank' | 'range' | 'rangeByScore' | 'rangeByLex' | 'entries',
  'add' | 'addMany' | 'increment' | 'delete' | 'clear'
>

export type TransactionCounter = Transactional<Counter, 'name' | 'get', 'increment' | 'decrement' | 'set' | 'delete'>

export type TransactionTopic<M> = Transactional<Topic<M>, 'name', 'publish'>

/** What a method has answered in a transaction: knows whether anybody looks at it, so that no failure is unseen. */
class Noted<Value> extends Promise<Value> {
  isSeen = false

  // What `then` makes of it is as any other promise.
  static override get [Symbol.species]() {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: it is one, and `await` comes by here.
  override then<Result = Value, Failure = never>(
    onFulfilled?: ((value: Value) => Result | PromiseLike<Result>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.isSeen = true
    return super.then(onFulfilled, onRejected)
  }
}

/** All that the function of a transaction has begun. */
class Begun {
  readonly afterwards: (() => Promise<void>)[] = []
  readonly #all: (() => Promise<void>)[] = []
  #isOver = false

  /** A write answers nothing, so whatever becomes of it counts; of anything else what nobody looks at. */
  note(answer: Promise<unknown>, isWrite: boolean): Promise<unknown> {
    // It is refused, as any other promise.
    if (this.#isOver) return answer
    const noted = new Noted<unknown>((resolve, reject) => void answer.then(resolve, reject))
    // Looked at below, also when the function ends before that by an error of its own.
    answer.catch(() => {})
    Promise.prototype.then.call(noted, undefined, () => {})
    this.#all.push(() => (isWrite || !noted.isSeen ? answer.then(() => {}) : answer.then(noop, noop)))
    return noted
  }

  /** Fulfilled when all is done, also what has begun meanwhile. */
  async done(): Promise<void> {
    for (const outcome of this.#all) await outcome()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    this.#isOver = true
  }
}

function noop(): void {}

/** What a transaction says of a write that no structure has. */
export type Written = 'none' | 'foreign' | 'ended' | 'written'

/**
 * Writes what no structure has, as part of a transaction on this engine; what the store answers to it is told when the transaction
 * has succeeded. `none` is anything that is no transaction of this copy of the package, `foreign` one of another store.
 */
export let writeInTransaction: (
  transaction: unknown,
  write: { readonly engine: Engine; readonly call: Call; onReply(reply: Reply): void },
) => Written

/** Work that a transaction waits for, and that makes it fail when it fails and nobody looks at it. */
export let noteInTransaction: <Answer>(transaction: unknown, answer: Promise<Answer>) => Promise<Answer>

/** Done when the transaction has succeeded, and before its caller hears of that. */
export let doAfterTransaction: (transaction: unknown, work: () => Promise<void>) => void

/** What the function of a transaction works with: the structures of the store, for this transaction only. */
export class Transaction {
  readonly #engine: RecordingEngine
  readonly #begun: Begun

  static {
    const isOne = (given: unknown): given is Transaction =>
      typeof given === 'object' && given !== null && #begun in given
    writeInTransaction = (given, { engine, call, onReply }) => {
      if (!isOne(given)) return 'none'
      if (!given.#engine.isOn(engine)) return 'foreign'
      if (given.#begun.isOver) return 'ended'
      given.#engine.write(call, onReply)
      return 'written'
    }
    noteInTransaction = <Answer>(given: unknown, answer: Promise<Answer>) =>
      isOne(given) ? (given.#begun.note(answer, false) as Promise<Answer>) : answer
    doAfterTransaction = (given, work) => {
      if (isOne(given)) given.#begun.afterwards.push(work)
    }
  }

  constructor(engine: RecordingEngine, begun: Begun) {
    this.#engine = engine
    this.#begun = begun
  }

  /** A map: reads are of now, writes come at the end. */
  map<V = unknown>(name: string, options: MapOptions<V> = {}): TransactionMap<V> {
    return this.#noting(new StoreMap(this.#engine, checkKey(name, 'The name of a map'), options))
  }

  /** A list: reads are of now, writes come at the end. */
  list<V = unknown>(name: string, options: ListOptions<V> = {}): TransactionList<V> {
    return this.#noting(new StoreList(this.#engine, checkKey(name, 'The name of a list'), options))
  }

  /** A set: reads are of now, writes come at the end. */
  set<V = unknown>(name: string, options: StoreSetOptions<V> = {}): TransactionSet<V> {
    return this.#noting(new StoreSet(this.#engine, checkKey(name, 'The name of a set'), options))
  }

  /** A sorted set: reads are of now, writes come at the end. */
  sortedSet(name: string): TransactionSortedSet {
    return this.#noting(new SortedSet(this.#engine, checkKey(name, 'The name of a sorted set')))
  }

  /** A counter: reads are of now, writes come at the end. */
  counter(name: string): TransactionCounter {
    return this.#noting(new Counter(this.#engine, checkKey(name, 'The name of a counter')))
  }

  /** A topic, whose messages are sent if the transaction succeeds. */
  topic<M = unknown>(name: string, options: TopicOptions<M> = {}): TransactionTopic<M> {
    return this.#noting(new Topic(this.#engine, checkKey(name, 'The name of a topic'), options))
  }

  #noting<Structure extends object>(structure: Structure): Structure {
    return new Proxy(structure, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        const isWrite = writes.has(String(name))
        return (...args: unknown[]) => {
          const answer = value.apply(target, args)
          return answer instanceof Promise ? this.#begun.note(answer, isWrite) : answer
        }
      },
    })
  }
}

/**
 * Runs a function that reads and writes, and carries out what it has written if nothing that it has read was changed
 * meanwhile; else the function runs again.
 *
 * @throws {StoreError} STORE_CONFLICT after 100 tries; STORE_ARGUMENT_INVALID when it reads what it has written, or uses a
 *   method whose answer would come too late; what a write throws, awaited or not; what anything else throws that nobody awaits;
 *   and what the function throws: then nothing is written.
 */
export async function transact<Result>(
  engine: Engine,
  work: (transaction: Transaction) => Result | Promise<Result>,
): Promise<Result> {
  for (let tries = 0; tries < triesMax; tries++) {
    const recording = new RecordingEngine(engine)
    const begun = new Begun()
    let result: Result
    try {
      result = await work(new Transaction(recording, begun))
      // What nobody awaits must not be left out of the whole when it is refused.
      await begun.done()
    } finally {
      begun.end()
      recording.end()
    }
    if (await recording.commit()) {
      for (const work of begun.afterwards) await work()
      return result
    }
    await stepAside(tries)
  }
  throw new StoreError(
    'STORE_CONFLICT',
    `Others have changed what the transaction had read at each of ${triesMax} tries.`,
  )
}
