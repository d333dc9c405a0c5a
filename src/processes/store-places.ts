/** Where a store that is copied may be, and whether two names are those of one store. */
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { holdsStore } from '../store/database/folder.ts'
import { optionsOfUrl } from '../store/engines/redis/connect.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'

// It goes by itself if this process ends before it deletes it.
const markMs = 60_000

/**
 * Looks at what can be known before anything is opened.
 *
 * @throws {ServerError} ERR_USAGE for an address of another kind, or when both are the same; ERR_STORE_NOT_FOUND when there is no
 *   store in the folder `from`.
 */
export function checkPlaces(from: string, to: string): void {
  for (const place of [from, to]) {
    const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(place)?.[0]
    if (scheme === undefined || isAddress(place)) continue
    const kinds = 'a folder, or an address that begins with redis://, rediss://, redis+unix://, saola:// or saolas://'
    throw new ServerError('ERR_USAGE', `A store cannot be copied from or to ${scheme}: it takes ${kinds}.`)
  }
  if (placeOf(from) === placeOf(to)) throw itselfError()
  if (isAddress(from)) return
  checkFolder(from, 'a store')
  if (!isAddress(to) && existsSync(to) && idOfFolder(from) === idOfFolder(to)) throw itselfError()
}

/**
 * Opening a folder makes a store in it, which a mistyped name must not do: so it has to hold a store, or be empty at least, or be there.
 *
 * @throws {ServerError} ERR_STORE_NOT_FOUND
 */
export function checkFolder(dir: string, wanted: 'a store' | 'a store or nothing' | 'a folder'): void {
  const isEnough = wanted === 'a folder' || holdsStore(dir) || (wanted === 'a store or nothing' && isEmpty(dir))
  if (!existsSync(dir) || !isEnough)
    throw new ServerError('ERR_STORE_NOT_FOUND', `There is no store in ${dir}. Choose one with --dir.`)
}

export function openPlace(place: string): Store {
  return openStore(isAddress(place) ? { url: place } : { dir: place })
}

/**
 * Whether both are one store, under whatever names: what is written to one of them is then in the other. A replica of Redis gets
 * it a moment later only, but has the history of its master.
 */
export async function isSameStore(source: Store, target: Store, from: string, to: string): Promise<boolean> {
  if (isRedis(from) && isRedis(to) && databaseOf(from) === databaseOf(to)) {
    const [one, other] = await Promise.all([historyOf(source), historyOf(target)])
    if (one !== undefined && one === other) return true
  }
  const mark = `saola-copy-${randomUUID()}`
  await target.command('set', mark, '', 'px', markMs)
  try {
    return (await source.command('exists', mark)) === 1
  } finally {
    await target.command('del', mark)
  }
}

/** Numbers of the databases that hold keys, but for the one that is copied. */
export async function databasesLeftOut(source: Store, from: string): Promise<number[]> {
  // A user of Redis may not be allowed to ask for it.
  const text = String(await source.command('info', 'keyspace').catch(() => ''))
  const own = isRedis(from) ? databaseOf(from) : 0
  return [...text.matchAll(/^db(\d+):/gm)].map(([, number]) => Number(number)).filter(number => number !== own)
}

export function itselfError(): ServerError {
  const message = 'A store cannot be copied to itself: both are the same store. Nothing was changed.'
  return new ServerError('ERR_USAGE', message)
}

/** For messages. */
export function withoutSecret(place: string): string {
  return isAddress(place) ? place.replace(/\/\/[^@/]*@/g, '//') : place
}

async function historyOf(store: Store): Promise<string | undefined> {
  // A user of Redis may not be allowed to ask for it.
  const text = String(await store.command('info', 'replication').catch(() => ''))
  return /^master_replid:([0-9a-f]*[1-9a-f][0-9a-f]*)\s*$/m.exec(text)?.[1]
}

function databaseOf(address: string): number {
  return optionsOfUrl(address.split(',')[0] as string).db ?? 0
}

function isAddress(place: string): boolean {
  return isRedis(place) || /^saolas?:\/\//.test(place)
}

function isRedis(place: string): boolean {
  return /^redis(?:s|\+unix)?:\/\//.test(place)
}

function placeOf(place: string): string {
  return isAddress(place) ? place.replace(/\/$/, '') : resolve(place)
}

function isEmpty(dir: string): boolean {
  return existsSync(dir) && readdirSync(dir).length === 0
}

/** The same for a folder that is mounted twice. */
function idOfFolder(dir: string): string {
  const { dev, ino } = statSync(realpathSync(dir), { bigint: true })
  return `${dev} ${ino}`
}
