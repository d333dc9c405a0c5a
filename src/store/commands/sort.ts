/** SORT: the elements of a list, a set or a sorted set in another order, or what keys named after them hold. */
import { storedName } from '../database/key-names.ts'
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { floatOf, roughIntegerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError, wrongType } from './command-error.ts'
import { valueAt } from './fields.ts'
import { grow, pushItems } from './list-items.ts'
import { bufferOf, stringOf } from './string-values.ts'

const usage = 'key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA]'

export const sorts: readonly Command[] = [
  {
    name: 'sort',
    summary: 'Sorts elements by number, or by bytes with ALPHA; returns them, or stores them as a list. All at once.',
    usage: `${usage} [STORE destination]`,
    arity: -1,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, ...words]) => sort(context, key as Buffer, optionsOf(words, true)),
  },
  {
    name: 'sort_ro',
    summary: 'Sorts elements by number, or by bytes with ALPHA, and returns them. All at once.',
    usage,
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: (context, [key, ...words]) => sort(context, key as Buffer, optionsOf(words, false)),
  },
]

interface SortOptions {
  readonly isDescending: boolean
  readonly isAlpha: boolean
  readonly offset: number
  /** Below 0: all. */
  readonly count: number
  readonly by: Buffer | undefined
  /** A pattern without a star is the same for all: they stay as they are, also if another pattern is given behind it. */
  readonly isKept: boolean
  readonly gets: readonly Buffer[]
  readonly store: Buffer | undefined
}

function optionsOf(words: readonly Buffer[], canStore: boolean): SortOptions {
  let [isDescending, isAlpha, isKept, offset, count] = [false, false, false, 0, -1]
  let by: Buffer | undefined
  let store: Buffer | undefined
  const gets: Buffer[] = []
  for (let i = 0; i < words.length; i++) {
    const word = wordOf(words[i])
    const left = words.length - i - 1
    if (word === 'ASC' || word === 'DESC') isDescending = word === 'DESC'
    else if (word === 'ALPHA') isAlpha = true
    else if (word === 'LIMIT' && left >= 2) {
      offset = roughIntegerOf(words[++i])
      count = roughIntegerOf(words[++i])
    } else if (word === 'STORE' && left >= 1 && canStore) store = words[++i]
    else if (word === 'BY' && left >= 1) {
      by = words[++i]
      isKept ||= !by?.includes('*')
    } else if (word === 'GET' && left >= 1) gets.push(words[++i] as Buffer)
    else throw syntaxError()
  }
  return { isDescending, isAlpha, offset, count, by, isKept, gets, store }
}

function sort(context: CommandContext, key: Buffer, options: SortOptions): Reply {
  const { keyspace, database } = context
  const entry = keyspace.find(key)
  if (entry && entry.type !== keyTypes.list && entry.type !== keyTypes.set && entry.type !== keyTypes.zset) {
    throw wrongType()
  }
  const elements = entry ? elementsOf(keyspace, entry, options) : []
  const results = cut(ordered(context, elements, entry, options), options)
  const { gets, store } = options
  const shown =
    gets.length === 0
      ? results
      : results.flatMap(element => gets.map(get => keyspace.answer.element(lookUp(context, get, element))))
  if (!store) return shown
  return storeList(
    keyspace,
    storedName(database, store),
    shown.map(element => element ?? Buffer.alloc(0)),
  )
}

function elementsOf(keyspace: Keyspace, { id, type }: Entry, options: SortOptions): Buffer[] {
  const isBackward = options.isKept && options.isDescending
  const text =
    type === keyTypes.list
      ? `SELECT value FROM items WHERE id = ? ORDER BY position ${isBackward ? 'DESC' : ''}`
      : type === keyTypes.set
        ? 'SELECT field FROM fields WHERE id = ? ORDER BY field'
        : isBackward
          ? 'SELECT member FROM members WHERE id = ? ORDER BY score DESC, member DESC'
          : 'SELECT member FROM members WHERE id = ? ORDER BY score, member'
  return (keyspace.sql(text).all(id) as unknown as [Uint8Array][]).map(([value]) => bufferOf(value))
}

interface Weighed {
  readonly element: Buffer
  readonly number: number
  /** With ALPHA and BY; null when there is no such key. */
  readonly text: Buffer | null
}

function ordered(
  context: CommandContext,
  elements: Buffer[],
  entry: Entry | undefined,
  options: SortOptions,
): Buffer[] {
  const { isDescending, isKept, store } = options
  // A set has no order of its own to be kept in a list.
  const isForced = isKept && store !== undefined && entry?.type === keyTypes.set
  if (isKept && !isForced) return elements
  const isAlpha = options.isAlpha || isForced
  const by = isForced ? undefined : options.by
  const weighed = elements.map((element): Weighed => {
    const text = by ? lookUp(context, by, element) : element
    return { element, text, number: isAlpha || text === null ? 0 : scoreOf(text) }
  })
  const compare = isAlpha ? byText : (one: Weighed, other: Weighed) => byNumber(one, other)
  weighed.sort(isDescending ? (one, other) => compare(other, one) : compare)
  return weighed.map(({ element }) => element)
}

function byNumber(one: Weighed, other: Weighed): number {
  if (one.number !== other.number) return one.number < other.number ? -1 : 1
  return Buffer.compare(one.element, other.element)
}

function byText(one: Weighed, other: Weighed): number {
  if (one.text && other.text) return Buffer.compare(one.text, other.text)
  return one.text ? 1 : other.text ? -1 : 0
}

function scoreOf(text: Buffer): number {
  // As C reads it: up to a byte of 0, nothing is 0, and spaces before a number do not matter.
  const number = (text.toString('latin1').split('\0', 1)[0] as string).replace(/^[\t-\r ]+(?=.)/, '')
  try {
    return number === '' ? 0 : floatOf(Buffer.from(number, 'latin1'))
  } catch {
    throw new CommandError('ERR', "One or more scores can't be converted into double")
  }
}

function cut(elements: readonly Buffer[], { offset, count }: SortOptions): readonly Buffer[] {
  const start = Math.max(0, offset)
  return elements.slice(start, count < 0 ? undefined : start + count)
}

/** What `key_*` or `key_*->field` holds, with the element in the place of the first star; `#` is the element itself. */
function lookUp({ keyspace, database }: CommandContext, pattern: Buffer, element: Buffer): Buffer | null {
  if (pattern.toString('latin1') === '#') return element
  const star = pattern.indexOf('*')
  if (star < 0) return null
  const arrow = pattern.indexOf('->', star + 1)
  const hasField = arrow >= 0 && arrow + 2 < pattern.length
  const end = hasField ? arrow : pattern.length
  const name = Buffer.concat([pattern.subarray(0, star), element, pattern.subarray(star + 1, end)])
  const entry = keyspace.find(storedName(database, name))
  if (!hasField) return stringOf(keyspace, entry) ?? null
  if (entry?.type !== keyTypes.hash) return null
  return valueAt(keyspace, entry, pattern.subarray(arrow + 2)) ?? null
}

function storeList(keyspace: Keyspace, name: Buffer, elements: readonly Buffer[]): number {
  const old = keyspace.find(name)
  if (elements.length === 0) {
    if (old) keyspace.remove(old)
    return 0
  }
  const list = keyspace.create(name, keyTypes.list)
  pushItems(keyspace, list, 'RIGHT', elements)
  return grow(keyspace, list, elements.length)
}
