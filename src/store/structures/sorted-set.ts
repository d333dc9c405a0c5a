import type { Argument, Call, Engine } from '../engines/engine.ts'
import { itemsGiven, optionsOf, pairsGiven } from '../given.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import {
  checkMember,
  checkScore,
  checkWhole,
  isOutOf,
  type ScoredMember,
  scoreBounds,
  scoredOf,
  scoreOrUndefined,
} from './scores.ts'
import { paged } from './structure.ts'

export interface AddOptions {
  /** Only members that are new. */
  readonly ifAbsent?: boolean
  /** Only members that are there. */
  readonly ifPresent?: boolean
  /** A member that is there gets the score only if it is above its own. */
  readonly ifHigher?: boolean
  /** A member that is there gets the score only if it is below its own. */
  readonly ifLower?: boolean
}

export interface OrderOptions {
  /** Highest first; false by default. */
  readonly reverse?: boolean
}

export interface RangeOptions extends OrderOptions {
  /** How many of the first are left out; 0 by default. */
  readonly offset?: number
  /** How many at most; all by default. */
  readonly limit?: number
}

export interface ScoreBounds {
  /** The lowest score; -Infinity by default. */
  readonly min?: number
  /** The highest score; Infinity by default. */
  readonly max?: number
  /** Which of the two is not in; none by default. */
  readonly exclusive?: 'min' | 'max' | 'both'
}

export interface LexBounds {
  /** The first text; from the first member on by default. */
  readonly min?: string
  /** The last text; up to the last member by default. */
  readonly max?: string
  /** Which of the two is not in; none by default. */
  readonly exclusive?: 'min' | 'max' | 'both'
}

const pageSize = 500
const popMax = 1000

/**
 * Texts with a score each, shared by all processes, in the order of their scores, and of their bytes in UTF-8 where the scores
 * are the same: leaderboards, things that are due, windows of time. A rank, and a range from any index on, takes well below a
 * millisecond at a million members.
 *
 * A score is any number but NaN; 0 and -0 are the same.
 *
 * ```ts
 * await board.increment('ada', 10)
 * await board.range({ limit: 10, reverse: true })   // [['ada', 10], …]
 * await board.rank('ada', { reverse: true })        // 0
 * ```
 */
export class SortedSet {
  readonly name: string
  readonly #engine: Engine

  constructor(engine: Engine, name: string) {
    this.#engine = engine
    this.name = name
  }

  /** The score of a member, now, from this machine's memory. A write of this process that is under way may not be in. */
  peekScore(member: string): number | undefined {
    return scoreOrUndefined(this.#engine.readNow(['zscore', this.name, checkMember(member)]))
  }

  /** As `rank`, now, from this machine's memory. */
  peekRank(member: string, options: OrderOptions = {}): number | undefined {
    return (this.#engine.readNow(this.#rankOf(member, options)) ?? undefined) as number | undefined
  }

  /**
   * Gives a member a score. Whether anything has changed: it is new, or its score is another one.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID for NaN, or conditions that exclude each other; STORE_KEY_INVALID.
   */
  async add(member: string, score: number, options: AddOptions = {}): Promise<boolean> {
    const words = conditionsOf(options)
    const call: Call = ['zadd', this.name, ...words, 'CH', checkScore(score), checkMember(member)]
    return (await this.#engine.call(call)) === 1
  }

  /** Gives members a score each, 500 at once; returns how many are new or have another score. Throws as `add`, before the first. */
  async addMany(
    entries: Iterable<readonly [member: string, score: number]>,
    options: AddOptions = {},
  ): Promise<number> {
    const words = conditionsOf(options)
    const pairs = pairsGiven(entries, 'The entries').map(
      ([member, score]) => [checkScore(score), checkMember(member)] as const,
    )
    const counts: Promise<Reply>[] = []
    for (let i = 0; i < pairs.length; i += pageSize) {
      counts.push(this.#engine.call(['zadd', this.name, ...words, 'CH', ...pairs.slice(i, i + pageSize).flat()]))
    }
    return ((await Promise.all(counts)) as number[]).reduce((sum, count) => sum + count, 0)
  }

  /**
   * Adds to the score of a member, which begins at 0; returns the new score.
   *
   * @throws {StoreError} STORE_NOT_A_NUMBER for Infinity and -Infinity together.
   */
  async increment(member: string, by = 1): Promise<number> {
    const reply = await this.#engine.call(['zincrby', this.name, checkScore(by), checkMember(member)])
    return scoreOrUndefined(reply) as number
  }

  /** The score of a member; undefined when it is absent. */
  async score(member: string): Promise<number | undefined> {
    return scoreOrUndefined(await this.#engine.call(['zscore', this.name, checkMember(member)]))
  }

  /** The scores of members, in their order; undefined for those that are absent. */
  async scores(members: Iterable<string>): Promise<(number | undefined)[]> {
    const list = itemsGiven(members, 'The members').map(checkMember)
    if (list.length === 0) return []
    return ((await this.#engine.call(['zmscore', this.name, ...list])) as readonly Reply[]).map(scoreOrUndefined)
  }

  /** Whether there is such a member. */
  async has(member: string): Promise<boolean> {
    return (await this.score(member)) !== undefined
  }

  /** Removes members; returns how many there were. */
  async delete(...members: string[]): Promise<number> {
    if (members.length === 0) return 0
    return (await this.#engine.call(['zrem', this.name, ...members.map(checkMember)])) as number
  }

  /** Removes all members between two scores, the lowest first, 500 at once; returns how many there were. */
  async deleteByScore(bounds: ScoreBounds): Promise<number> {
    const ends = scoreBounds(bounds)
    let deleted = 0
    for (;;) {
      const count = (await this.#engine.call(['saola.zset.trim', this.name, ...ends, pageSize])) as number
      deleted += count
      if (count < pageSize) return deleted
    }
  }

  /** How many members there are. */
  async size(): Promise<number> {
    return (await this.#engine.call(['zcard', this.name])) as number
  }

  /** How many members have a score between two. */
  async count(bounds: ScoreBounds = {}): Promise<number> {
    return (await this.#engine.call(['zcount', this.name, ...scoreBounds(bounds)])) as number
  }

  /** How many members are before this one, in reverse above it: 0 for the first. Undefined when it is absent. */
  async rank(member: string, options: OrderOptions = {}): Promise<number | undefined> {
    return ((await this.#engine.call(this.#rankOf(member, options))) ?? undefined) as number | undefined
  }

  /**
   * Members and their scores, lowest first: the ten highest are `range({ limit: 10, reverse: true })`. Up to 500 are of one
   * moment; more come page by page.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID for an offset or a limit that is no whole number from 0 on.
   */
  async range(options: RangeOptions = {}): Promise<ScoredMember[]> {
    const { offset = 0 } = optionsOf(options)
    checkWhole('offset', offset)
    return this.#collect(options, count => {
      const words = options.reverse ? ['REV', 'WITHSCORES'] : ['WITHSCORES']
      return ['zrange', this.name, offset, offset + count - 1, ...words]
    })
  }

  /** As `range`, of the members whose scores are between two. */
  async rangeByScore(options: RangeOptions & ScoreBounds = {}): Promise<ScoredMember[]> {
    const { offset = 0, reverse } = optionsOf(options)
    checkWhole('offset', offset)
    const [min, max] = scoreBounds(options)
    const ends = reverse ? [max, min, 'BYSCORE', 'REV'] : [min, max, 'BYSCORE']
    const { min: low = -Infinity, max: high = Infinity, exclusive } = options
    const isIn = (score: number) =>
      reverse
        ? score > low || (score === low && exclusive !== 'min' && exclusive !== 'both')
        : score < high || (score === high && exclusive !== 'max' && exclusive !== 'both')
    const first = (count: number): Call => ['zrange', this.name, ...ends, 'LIMIT', offset, count, 'WITHSCORES']
    return this.#collect(options, first, ([, score]) => isIn(score))
  }

  /**
   * Members between two texts, in the order of their bytes in UTF-8. All members must have one score, else what is answered
   * means nothing. Up to 500 are of one moment; more come page by page.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID.
   */
  async rangeByLex(options: RangeOptions & LexBounds = {}): Promise<string[]> {
    const { offset = 0, limit, reverse = false } = optionsOf(options)
    checkWhole('offset', offset)
    if (limit !== undefined) checkWhole('limit', limit)
    let [min, max] = lexBounds(options)
    const found: Buffer[] = []
    const wanted = limit ?? Infinity
    while (found.length < wanted) {
      const count = Math.min(pageSize, wanted - found.length)
      const ends = reverse ? [max, min, 'BYLEX', 'REV'] : [min, max, 'BYLEX']
      const skipped = found.length === 0 ? offset : 0
      const reply = await this.#engine.call(['zrange', this.name, ...ends, 'LIMIT', skipped, count])
      const members = reply as readonly Buffer[]
      for (const member of members) found.push(member)
      const last = members.at(-1)
      if (members.length < count || !last) break
      const after = Buffer.concat([Buffer.from('('), last])
      if (reverse) max = after
      else min = after
    }
    return found.map(String)
  }

  /** Removes the member with the lowest score and returns both; undefined when there is none. */
  popMin(): Promise<ScoredMember | undefined>
  /** Removes up to so many members with the lowest scores, 1,000 at most, and returns them, lowest first. */
  popMin(count: number): Promise<ScoredMember[]>
  async popMin(count?: number): Promise<ScoredMember | ScoredMember[] | undefined> {
    return this.#pop('zpopmin', count)
  }

  /** Removes the member with the highest score and returns both; undefined when there is none. */
  popMax(): Promise<ScoredMember | undefined>
  /** Removes up to so many members with the highest scores, 1,000 at most, and returns them, highest first. */
  popMax(count: number): Promise<ScoredMember[]>
  async popMax(count?: number): Promise<ScoredMember | ScoredMember[] | undefined> {
    return this.#pop('zpopmax', count)
  }

  /** Removes all members. */
  async clear(): Promise<void> {
    await this.#engine.call(['del', this.name])
  }

  /**
   * All members and their scores, lowest first or in reverse, page by page. Sees what was there all the time with one score
   * exactly once; a member whose score changes meanwhile may come twice, or not at all.
   */
  entries(options: OrderOptions = {}): AsyncGenerator<ScoredMember> {
    const { reverse = false } = optionsOf(options)
    return paged<ScoredMember>(last => this.#page(reverse, last, pageSize))
  }

  [Symbol.asyncIterator](): AsyncGenerator<ScoredMember> {
    return this.entries()
  }

  #rankOf(member: string, options: OrderOptions): Call {
    return [optionsOf(options).reverse ? 'zrevrank' : 'zrank', this.name, checkMember(member)]
  }

  async #page(reverse: boolean, last: ScoredMember | undefined, count: number): Promise<ScoredMember[]> {
    const after: Argument[] = last ? [last[1], last[0]] : []
    return scoredOf(await this.#engine.call(['saola.zset.page', this.name, reverse ? 'DOWN' : 'UP', count, ...after]))
  }

  /** The first page by the call, the next ones by where that has ended, as long as they are in. */
  async #collect(
    { limit, reverse = false }: RangeOptions,
    firstPage: (count: number) => Call,
    isIn: (found: ScoredMember) => boolean = () => true,
  ): Promise<ScoredMember[]> {
    if (limit !== undefined) checkWhole('limit', limit)
    const wanted = limit ?? Infinity
    const found: ScoredMember[] = []
    while (found.length < wanted) {
      const count = Math.min(pageSize, wanted - found.length)
      const last = found.at(-1)
      const page = last ? await this.#page(reverse, last, count) : scoredOf(await this.#engine.call(firstPage(count)))
      const inside = page.filter(isIn)
      for (const scored of inside) found.push(scored)
      if (inside.length < count) break
    }
    return found
  }

  async #pop(
    command: 'zpopmin' | 'zpopmax',
    count: number | undefined,
  ): Promise<ScoredMember | ScoredMember[] | undefined> {
    if (count === undefined) return scoredOf(await this.#engine.call([command, this.name]))[0]
    checkWhole('count', count, popMax)
    return scoredOf(await this.#engine.call([command, this.name, count]))
  }
}

function conditionsOf(options: AddOptions): string[] {
  const { ifAbsent, ifPresent, ifHigher, ifLower } = optionsOf(options)
  if ((ifAbsent && (ifPresent || ifHigher || ifLower)) || (ifHigher && ifLower)) {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'The conditions of add exclude each other: nothing could be added.')
  }
  return [
    ...(ifAbsent ? ['NX'] : []),
    ...(ifPresent ? ['XX'] : []),
    ...(ifHigher ? ['GT'] : []),
    ...(ifLower ? ['LT'] : []),
  ]
}

function lexBounds({ min, max, exclusive }: LexBounds): [Argument, Argument] {
  const isOut = isOutOf(exclusive)
  for (const text of [min, max]) {
    if (text === undefined || (typeof text === 'string' && text.isWellFormed())) continue
    throw new StoreError('STORE_ARGUMENT_INVALID', 'min and max of a range of texts are texts of whole characters.')
  }
  return [
    min === undefined ? '-' : `${isOut('min') ? '(' : '['}${min}`,
    max === undefined ? '+' : `${isOut('max') ? '(' : '['}${max}`,
  ]
}
