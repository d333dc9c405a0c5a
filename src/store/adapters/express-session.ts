/** The store as the session store of https://github.com/expressjs/session. */
import { jsonCodec } from '../codecs/json.ts'
import type { Store } from '../store.ts'
import type { StoreMap } from '../structures/map.ts'
import { type Duration, millisecondsOf } from '../structures/structure.ts'
import { lifetimeOf } from './lifetime.ts'

export interface SessionStoreOptions {
  readonly store: Store
  /** The name of the map; `sessions` by default. */
  readonly name?: string
  /** How long a session lives whose cookie has no end, neither maxAge nor expires; a day by default. */
  readonly ttl?: Duration
}

/** A session as it is kept: what the application has put into it, as JSON. */
export interface SessionData {
  readonly cookie: { readonly maxAge?: unknown; readonly expires?: unknown; readonly originalMaxAge?: unknown }
}

type Callback<Value> = (error: unknown, value?: Value) => void

/** What express-session asks of a store. */
export interface SessionStore<Data> {
  get(id: string, callback: Callback<Data | null>): void
  set(id: string, session: Data, callback?: Callback<undefined>): void
  destroy(id: string, callback?: Callback<undefined>): void
  /** Lets a session live as long as its cookie is now, and keeps that; nothing else of the session is written. */
  touch(id: string, session: Data, callback?: Callback<undefined>): void
  all(callback: Callback<Record<string, Data>>): void
  length(callback: Callback<number>): void
  clear(callback?: Callback<undefined>): void
}

/**
 * Keeps sessions in a map of the store, each as long as its cookie. It is handed `express-session` itself, whose `Store`
 * it extends.
 *
 * ```ts
 * import session from 'express-session'
 * import { sessionStore } from 'saola/express-session'
 * import { store } from 'saola/store'
 *
 * app.use(session({ store: sessionStore(session, { store }), secret, resave: false, saveUninitialized: false }))
 * ```
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when `ttl` is no duration.
 */
export function sessionStore<Base extends object, Data extends SessionData = SessionData>(
  session: { readonly Store: abstract new () => Base },
  { store, name = 'sessions', ttl = '1d' }: SessionStoreOptions,
): Base & SessionStore<Data> {
  const map = store.map<Data>(name, { codec: sessionCodec as never })
  const defaultMs = millisecondsOf(ttl)
  const BaseStore = session.Store as unknown as new () => object
  class SaolaSessionStore extends BaseStore implements SessionStore<Data> {
    get(id: string, callback: Callback<Data | null>): void {
      answer(
        map.get(id).then(found => found ?? null),
        callback,
      )
    }

    set(id: string, data: Data, callback?: Callback<undefined>): void {
      const ms = lifetimeMs(data, defaultMs)
      finish(ms > 0 ? map.set(id, data, { ttl: lifetimeOf(ms) }) : map.delete(id), callback)
    }

    destroy(id: string, callback?: Callback<undefined>): void {
      finish(map.delete(id), callback)
    }

    touch(id: string, data: Data, callback?: Callback<undefined>): void {
      const ms = lifetimeMs(data, defaultMs)
      finish(ms > 0 ? renew(map, id, { cookie: data.cookie, ms }) : map.delete(id), callback)
    }

    all(callback: Callback<Record<string, Data>>): void {
      answer(entriesOf(map).then(Object.fromEntries<Data>), callback)
    }

    length(callback: Callback<number>): void {
      answer(map.size(), callback)
    }

    clear(callback?: Callback<undefined>): void {
      finish(map.clear(), callback)
    }
  }
  return new SaolaSessionStore() as unknown as Base & SessionStore<Data>
}

/** As every session store: what JSON.stringify makes of a session, dates and all. */
const sessionCodec = { name: 'session', encode: (data: unknown) => JSON.stringify(data), decode: jsonCodec.decode }

/** 0 or less: it is over. A cookie of express-session has a maxAge as soon as it has an end; a plain one may say it otherwise. */
function lifetimeMs({ cookie }: SessionData, defaultMs: number): number {
  const { maxAge, expires, originalMaxAge } = cookie ?? {}
  if (typeof maxAge === 'number') return maxAge
  const end = expires instanceof Date || typeof expires === 'string' ? new Date(expires).getTime() : Number.NaN
  if (!Number.isNaN(end)) return end - Date.now()
  return typeof originalMaxAge === 'number' ? originalMaxAge : defaultMs
}

/** What others have put into the session meanwhile stays. */
async function renew<Data extends SessionData>(
  map: StoreMap<Data>,
  id: string,
  { cookie, ms }: { readonly cookie: Data['cookie']; readonly ms: number },
): Promise<void> {
  await map.update(id, old => (old === undefined ? undefined : { ...old, cookie }), { ttl: lifetimeOf(ms) })
}

async function entriesOf<Data>(map: StoreMap<Data>): Promise<[string, Data][]> {
  const entries: [string, Data][] = []
  for await (const entry of map) entries.push(entry)
  return entries
}

function finish(promise: Promise<unknown>, callback: Callback<undefined> | undefined): void {
  answer(
    promise.then(() => undefined),
    callback,
  )
}

/** Outside of the promise, where what the callback throws would be an unhandled rejection. */
function answer<Value>(promise: Promise<Value>, callback: Callback<Value> | undefined): void {
  promise.then(
    value => callback && process.nextTick(callback, null, value),
    error => callback && process.nextTick(callback, error),
  )
}
