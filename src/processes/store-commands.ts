/** What `saola store` does: each action opens the store, asks, and gives lines to print. */
import { resolve } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { openStore } from '../store/open-store.ts'
import { Pairs, type Reply, Status } from '../store/resp/reply.ts'
import type { Store } from '../store/store.ts'
import { checkKey } from '../store/structures/structure.ts'
import { checkFolder } from './store-places.ts'

export interface StoreAction {
  /** The folder of the store. */
  readonly dir: string
  /** Where the data is instead, when it is in Redis. */
  readonly url?: string | undefined
  /** Somebody has named the folder: a store must be there already, or for what writes at least nothing else. */
  readonly isChosen?: boolean
  readonly args: readonly string[]
  readonly json: boolean
}

type Run = (store: Store, action: StoreAction) => AsyncIterable<string> | Promise<readonly string[]>

const pageSize = '1000'
/** What a store may begin with. */
const beginners = new Set(['set', 'restore'])

/** The actions by name. */
export const storeActions: Readonly<Record<string, Run>> = {
  info: async (store, { json }) => {
    const info = fieldsOf(await store.command('saola.info'))
    return json ? [JSON.stringify(info)] : Object.entries(info).map(([name, value]) => `${name.padEnd(18)} ${value}`)
  },
  keys: (store, action) => keys(store, action),
  get: (store, action) => get(store, action),
  set: async (store, { args: [key = '', value = ''], json }) => {
    await store.command('set', checkKey(key), value)
    return [json ? '"OK"' : 'OK']
  },
  delete: async (store, { args }) => [String(await store.command('del', ...args))],
  watch: (store, { args: [key = ''], json }) => watch(store, key, json),
  backup: async (store, { args: [file = ''], json }) => {
    await store.command('saola.backup', resolve(file))
    if (json) return [JSON.stringify({ file: resolve(file), checksum: `${resolve(file)}.sha256` })]
    return [`The store is saved in ${file}, its checksum in ${file}.sha256.`]
  },
  restore: async (store, { args: [file = ''], json }) => {
    await store.command('saola.restore', resolve(file))
    if (json) return [JSON.stringify({ file: resolve(file) })]
    return [`The store is what it was in ${file}; all processes see it.`]
  },
  check: (store, { json }) => check(store, json),
}

/**
 * Runs an action and gives its lines as they come.
 *
 * @throws {ServerError} ERR_STORE_NOT_FOUND when there is no store in the folder.
 */
export async function* runStoreAction(name: string, action: StoreAction): AsyncGenerator<string> {
  const wanted = beginners.has(name) ? 'a store or nothing' : 'a store'
  if (action.url === undefined) checkFolder(action.dir, action.isChosen ? wanted : 'a folder')
  await using store = openStore(action.url === undefined ? { dir: action.dir } : { url: action.url })
  yield* await (storeActions[name] as Run)(store, action)
}

async function* check(store: Store, json: boolean): AsyncGenerator<string> {
  const problems = ((await store.command('saola.check')) as readonly Buffer[]).map(String)
  if (json) yield JSON.stringify({ problems })
  if (problems.length > 0) throw new ServerError('ERR_STORE_DAMAGED', problems.join('\n'))
  if (!json) yield 'The store is sound.'
}

async function* keys(store: Store, { args: [pattern = '*'], json }: StoreAction): AsyncGenerator<string> {
  for (let after: Buffer | string = '-'; ; ) {
    const page = (await store.command('saola.keys.page', after, pattern, pageSize)) as readonly Buffer[]
    for (const name of page) yield json ? JSON.stringify(String(name)) : printable(String(name))
    const last = page.at(-1)
    if (!last) return
    after = Buffer.concat([Buffer.from('='), last])
  }
}

async function* get(store: Store, { args: [key = '', field], json }: StoreAction): AsyncGenerator<string> {
  const type = ((await store.command('type', key)) as Status).text
  if (field !== undefined) {
    if (type !== 'hash' && type !== 'none') {
      throw new ServerError('ERR_USAGE', `${printable(key)} has no fields, it is a ${type}: leave the field out.`)
    }
    return yield* lines(`${key} ${field}`, await store.command('hget', key, field), json)
  }
  const readers: Record<string, () => Promise<Reply>> = {
    string: () => store.command('get', key),
    hash: () => store.command('hgetall', key),
    list: () => store.command('lrange', key, 0, -1),
    set: () => store.command('smembers', key),
    zset: () => store.command('zrange', key, 0, -1, 'WITHSCORES'),
  }
  yield* lines(key, (await readers[type]?.()) ?? null, json)
}

function* lines(key: string, reply: Reply, json: boolean): Generator<string> {
  if (reply === null) throw new ServerError('ERR_STORE_KEY_ABSENT', `There is no ${printable(key)} in the store.`)
  if (json) return yield JSON.stringify(plain(reply))
  if (reply instanceof Pairs) {
    for (const [name, value] of Object.entries(plain(reply) as object)) yield `${printable(name)}\t${printable(value)}`
  } else if (Array.isArray(reply)) for (const item of reply) yield printable(String(plain(item)))
  else yield String(plain(reply))
}

function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof Pairs) return fieldsOf(reply)
  if (reply instanceof Status) return reply.text
  return typeof reply === 'object' && reply !== null && 'value' in reply ? reply.value : reply
}

function fieldsOf(reply: Reply): Record<string, unknown> {
  const items = (reply as Pairs).items.map(plain)
  return Object.fromEntries(items.flatMap((name, i) => (i % 2 === 0 ? [[String(name), items[i + 1]]] : [])))
}

async function* watch(store: Store, key: string, json: boolean): AsyncGenerator<string> {
  for await (const { field } of store.watch(key)) {
    const time = new Date().toISOString()
    if (json) yield JSON.stringify({ time, key, field })
    else yield `${time} ${printable(key)}${field === undefined ? '' : ` ${printable(field)}`}`
  }
}
