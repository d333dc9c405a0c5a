/** The commands that go through a structure page by page, in its order: several calls each, none of which holds Redis up. */
import type { Redis } from 'ioredis'
import { integerOf } from '../../commands/arguments.ts'
import type { Reply } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import type { Call } from '../engine.ts'
import { companionOf, keyOfCompanion } from './keys.ts'
import type { RedisLink } from './link.ts'
import { OrderedPages } from './ordered-pages.ts'
import { scriptCall } from './scripts.ts'

const stepSize = 1000
const pageMax = 10_000
const listAtOnce = 2_000
const copyMs = 10 * 60_000
// A position tells which copy it is of: the number of the copy, and the index.
const indexMax = 2 ** 32

export class RedisPages {
  readonly #link: RedisLink
  readonly #timeoutMs: number
  readonly #names = new OrderedPages()
  readonly #process = Math.random().toString(36).slice(2)
  #copies = 0

  constructor(link: RedisLink, timeoutMs: number) {
    this.#link = link
    this.#timeoutMs = timeoutMs
  }

  /** `saola.set.page key after count`. */
  async ofSet([key, after, count]: readonly Buffer[]): Promise<Reply> {
    const set = key as Buffer
    const wanted = countOf(count)
    for (let from = afterOf(after); ; ) {
      const names = await this.#names.next(`set ${set.toString('latin1')}`, from, wanted, async add => {
        await this.#steps(cursor => ['sscan', set, cursor, 'COUNT', stepSize], add)
      })
      if (names.length === 0) return []
      // They were there when the walk began.
      const isIn = (await this.#read(['smismember', set, ...names])) as readonly number[]
      const members = names.filter((_, i) => isIn[i] === 1)
      if (members.length > 0) return members
      from = names.at(-1)
    }
  }

  /** `saola.map.page key after prefix count`. */
  async ofMap([key, after, prefix, count]: readonly Buffer[]): Promise<Reply> {
    const map = key as Buffer
    const start = prefix as Buffer
    const pattern = Buffer.concat([escapeGlob(start), Buffer.from('*')])
    const what = `map ${map.length} ${map.toString('latin1')} ${start.toString('latin1')}`
    const wanted = countOf(count)
    for (let from = afterOf(after); ; ) {
      const names = await this.#names.next(what, from, wanted, async add => {
        for (let cursor = '0'; ; ) {
          const [next, ...found] = (await this.#script('saola.map.fields', map, [cursor, pattern])) as readonly Buffer[]
          for (const name of found) add(name)
          cursor = String(next)
          if (cursor === '0') break
        }
      })
      if (names.length === 0) return []
      const pairs = await this.#valuesOf(map, names)
      if (pairs.length > 0) return pairs
      from = names.at(-1)
    }
  }

  /** `saola.keys.page after pattern count`: of all masters of a cluster. */
  async ofKeys([after, pattern, count]: readonly Buffer[]): Promise<Reply> {
    const what = `keys ${(pattern as Buffer).toString('latin1')}`
    return this.#names.next(what, afterOf(after), countOf(count), add => this.#walkKeys(pattern as Buffer, add))
  }

  /** `keys pattern`. */
  async allKeys([pattern]: readonly Buffer[]): Promise<Reply> {
    const names = new Map<string, Buffer>()
    await this.#walkKeys(pattern as Buffer, name => names.set(name.toString('latin1'), name))
    return [...names.values()]
  }

  /**
   * `saola.list.page key after-position count`. Indexes of a list move with each push, so that a list of more than a few
   * elements is copied in Redis for as long as somebody goes through it, ten minutes after the last page at most.
   */
  async ofList([key, after, count]: readonly Buffer[]): Promise<Reply> {
    const list = key as Buffer
    const most = integerOf(count)
    if (most < 1) throw new StoreError('STORE_COMMAND', 'ERR count should be greater than 0')
    if (String(after) !== '-') return this.#pageOfCopy(list, integerOf(after), most)
    const limit = Math.max(most, listAtOnce)
    const first = (await this.#read(['lrange', list, 0, limit])) as readonly Buffer[]
    if (first.length <= limit) return rowsOf(first, 0)
    const copy = ++this.#copies
    const isThere = await this.#write(['copy', list, this.#copyOf(list, copy), 'REPLACE'])
    if (isThere === 0) return []
    return this.#pageOfCopy(list, copy * indexMax - 1, most)
  }

  async #pageOfCopy(list: Buffer, position: number, count: number): Promise<Reply> {
    const number = Math.floor((position + 1) / indexMax)
    // All of it was in one page.
    if (number === 0) return []
    const copy = this.#copyOf(list, number)
    const from = (position + 1) % indexMax
    const isThere = await this.#write(['pexpire', copy, copyMs])
    if (isThere === 0) {
      const message = `The list ${JSON.stringify(list.toString())} was not gone through for ten minutes: begin again.`
      throw new StoreError('STORE_CONFLICT', message)
    }
    const page = (await this.#read(['lrange', copy, from, from + Math.min(count, pageMax) - 1])) as readonly Buffer[]
    if (page.length === 0) await this.#write(['unlink', copy])
    return rowsOf(page, number * indexMax + from)
  }

  #copyOf(list: Buffer, number: number): Buffer {
    return Buffer.concat([companionOf('page', list), Buffer.from(`:${this.#process}:${number}`)])
  }

  async #valuesOf(map: Buffer, names: readonly Buffer[]): Promise<Reply[]> {
    const pairs: Reply[] = []
    for (let rest = names; rest.length > 0; ) {
      const [seen, ...found] = (await this.#script('saola.map.values', map, rest)) as readonly Reply[]
      for (const item of found) pairs.push(item)
      rest = rest.slice(seen as number)
    }
    return pairs
  }

  async #walkKeys(pattern: Buffer, add: (name: Buffer) => void): Promise<void> {
    const addKey = (name: Buffer) => keyOfCompanion(name) ?? add(name)
    for (const node of await this.#link.masters(this.#timeoutMs)) {
      await this.#steps(cursor => ['scan', cursor, 'MATCH', pattern, 'COUNT', stepSize], addKey, node)
    }
  }

  async #steps(step: (cursor: string) => Call, add: (name: Buffer) => void, node?: Redis): Promise<void> {
    for (let cursor = '0'; ; ) {
      const [next, names] = (await this.#read(step(cursor), node)) as [Buffer, readonly Buffer[]]
      for (const name of names) add(name)
      cursor = String(next)
      if (cursor === '0') return
    }
  }

  #read(call: Call, node?: Redis): Promise<Reply> {
    return this.#link.send({ call }, { timeoutMs: this.#timeoutMs, isRead: true, ...(node && { node }) })
  }

  #write(call: Call): Promise<Reply> {
    // Done twice it is the same.
    return this.#link.send({ call }, { timeoutMs: this.#timeoutMs, isRead: true })
  }

  #script(name: string, key: Buffer, args: readonly (Buffer | string)[]): Promise<Reply> {
    return this.#link.send(scriptCall(name, [key], args), { timeoutMs: this.#timeoutMs, isRead: true })
  }
}

function rowsOf(values: readonly Buffer[], from: number): Reply[] {
  return values.flatMap((value, i) => [from + i, value])
}

/** `-` from the first on; `=` and a name behind that. */
function afterOf(argument: Buffer | undefined): Buffer | undefined {
  return argument?.[0] === 0x3d ? argument.subarray(1) : undefined
}

function countOf(argument: Buffer | undefined): number {
  return Math.min(integerOf(argument), pageMax)
}

function escapeGlob(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replace(/[\\*?[\]]/g, '\\$&'), 'latin1')
}
