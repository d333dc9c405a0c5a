/** Pages of keys: by the order of their names, and in Redis, which has none, by the steps of SCAN. */
import type { KeyPage, KeySummary } from '../dashboard/api.ts'
import type { Engine } from '../store/engines/engine.ts'
import { keyOfCompanion } from '../store/engines/redis/keys.ts'
import type { Status } from '../store/resp/reply.ts'
import { StoreError } from '../store/store-error.ts'
import { taskKey } from '../tasks/engine/task-engine.ts'
import { shownName } from './shown-value.ts'

export const keysOfPage = 100
/** Names may have 64 KiB, and a page should come also over a slow line. */
const namesBytesMax = 256 * 1024
const placeBytesMax = 4 * 1024
const spacesMax = 50
const spacesMs = 15
/** After so many names without a colon there are none to be looked for. */
const plainMax = 20
/** A step of SCAN looks at so many, found or not, and a page takes no more steps than fit into so much time. */
const scannedAtOnce = { min: 100, max: 1_000 }
const scanMs = 400

export interface KeyQuery {
  readonly prefix: string
  readonly after: string | undefined
}

/** How a key of Redis or of an owner is measured. */
const measures: Readonly<Record<string, string>> = {
  string: 'strlen',
  hash: 'hlen',
  list: 'llen',
  set: 'scard',
  zset: 'zcard',
}

/** The next keys of a prefix. */
export async function pageOfKeys(engine: Engine, query: KeyQuery): Promise<KeyPage> {
  const pattern = patternOf(query.prefix)
  const after = query.after === undefined ? '-' : Buffer.concat([Buffer.from('='), bytesOfId(query.after)])
  const names = (await engine.call(['saola.keys.page', after, pattern, keysOfPage + 1])) as readonly Buffer[]
  const page = shortEnough(names.slice(0, keysOfPage))
  const keys = await summariesOf(engine, page)
  const next = page.length < names.length ? placeBehind(page.at(-1) as Buffer) : undefined
  const spaces = query.after === undefined && next !== undefined ? await spacesOf(engine, query.prefix) : []
  return { keys, next, spaces }
}

/** The next keys that SCAN comes across; `after` is its cursor. */
export async function scannedKeys(engine: Engine, { prefix, after = '0' }: KeyQuery): Promise<KeyPage> {
  if (!/^\d{1,20}$/.test(after)) throw badCursor()
  const match = patternOf(prefix)
  const end = performance.now() + scanMs
  const names = new Map<string, Buffer>()
  let cursor = after
  let count = scannedAtOnce.min
  do {
    const reply = await engine.call(['scan', cursor, 'MATCH', match, 'COUNT', count])
    const [next, found] = reply as readonly [Buffer, readonly Buffer[]]
    for (const name of found) if (!isInternal(name)) names.set(name.toString('latin1'), name)
    cursor = String(next)
    if (found.length < count / 4) count = scannedAtOnce.max
  } while (cursor !== '0' && names.size < keysOfPage && performance.now() < end)
  const page = [...names.values()].toSorted(Buffer.compare)
  const keys = await summariesOf(engine, page)
  return { keys, next: cursor === '0' ? undefined : cursor, spaces: after === '0' ? spacesAmong(page, prefix) : [] }
}

/** Those that are there no more are left out. */
async function summariesOf(engine: Engine, names: readonly Buffer[]): Promise<KeySummary[]> {
  const found = await Promise.all(names.map(name => summaryOf(engine, name)))
  return found.filter(key => key !== undefined)
}

/** Undefined when there is no such key. */
export async function summaryOf(engine: Engine, name: Buffer): Promise<KeySummary | undefined> {
  const [typed, ttlMs] = await Promise.all([engine.call(['type', name]), engine.call(['pttl', name])])
  const type = (typed as Status).text
  if (type === 'none') return undefined
  const measure = measures[type]
  const size = measure === undefined ? 0 : await engine.call([measure, name]).catch(() => 0)
  const purpose = purposeOf(name)
  return {
    id: name.toString('base64url'),
    name: shownName(name).text,
    type: measure === undefined ? 'other' : (type as KeySummary['type']),
    expiresAt: (ttlMs as number) >= 0 ? Date.now() + (ttlMs as number) : undefined,
    size: size as number,
    ...(purpose !== undefined && { purpose }),
  }
}

/** @throws {StoreError} STORE_ARGUMENT_INVALID for what is no id of a key. */
export function bytesOfId(id: string): Buffer {
  const bytes = Buffer.from(id, 'base64url')
  if (bytes.toString('base64url') === id) return bytes
  throw new StoreError('STORE_ARGUMENT_INVALID', 'The id of a key is its bytes as base64url.')
}

/**
 * For `after`, which stands in an address: of a very long name the beginning, and what comes behind all that begin with it. So others
 * that share their first 4 KiB with it are left out.
 */
export function placeBehind(name: Buffer): string {
  const place = name.length <= placeBytesMax ? name : behind(name.subarray(0, placeBytesMax))
  return place.toString('base64url')
}

/** The beginnings up to the next colon: one search in the index each, not a walk over what begins with them. */
async function spacesOf(engine: Engine, prefix: string): Promise<string[]> {
  const start = Buffer.from(prefix)
  const pattern = patternOf(prefix)
  const end = performance.now() + spacesMs
  const spaces: Buffer[] = []
  let plain = 0
  for (let after: Buffer | string = '-'; spaces.length < spacesMax && performance.now() < end; ) {
    const reply = (await engine.call(['saola.keys.page', after, pattern, 1])) as readonly Buffer[]
    const [name] = reply
    if (!name) break
    const space = spaceIn(name, start.length)
    if (space) spaces.push(space)
    else if (++plain > plainMax) break
    const last = space ? behind(space) : name
    after = Buffer.concat([Buffer.from('='), last])
  }
  return spaces.length < 2 ? [] : spaces.map(space => shownName(space).text)
}

/** No UTF-8 has this byte: it comes behind whatever begins like that. */
function behind(start: Buffer): Buffer {
  return Buffer.concat([start, Buffer.alloc(8, 0xff)])
}

function spacesAmong(names: readonly Buffer[], prefix: string): string[] {
  const spaces = new Set(names.map(name => spaceIn(name, Buffer.byteLength(prefix))?.toString()))
  return [...spaces].filter(space => space !== undefined).slice(0, spacesMax)
}

function spaceIn(name: Buffer, from: number): Buffer | undefined {
  const colon = name.indexOf(':', from)
  return colon < 0 ? undefined : name.subarray(0, colon + 1)
}

function shortEnough(names: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0
  const end = names.findIndex((name, i) => {
    bytes += name.length
    return bytes > namesBytesMax && i > 0
  })
  return end < 0 ? names : names.slice(0, end)
}

function patternOf(prefix: string): string {
  return `${prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`
}

/** What lies beside structures in Redis, and all that tasks keep there, which has a page of its own. */
function isInternal(name: Buffer): boolean {
  return keyOfCompanion(name) !== undefined || name.subarray(0, taskKey.length).toString('latin1') === taskKey
}

function purposeOf(name: Buffer): string | undefined {
  const limit = /^ratelimit:([^:]+):[\da-f]{12}:/.exec(name.subarray(0, 300).toString('latin1'))
  return limit ? `rate limit of ${limit[1]}` : undefined
}

function badCursor(): StoreError {
  return new StoreError('STORE_ARGUMENT_INVALID', 'The place to go on from is not one of an earlier page: begin again.')
}
