/**
 * How Redis is reached: with ioredis, which the application installs, and as the address says. Nothing that was sent is sent
 * again by ioredis itself: link.ts decides what may be.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import { StoreError } from '../../store-error.ts'

export type Ioredis = typeof import('ioredis')

const connectMsMax = 5_000
// A machine that has vanished without a word is found out by that.
const keepAliveMs = 10_000
const retryMinMs = 20
const retryMaxMs = 1_000
const noRetryYet = 20

/**
 * ioredis as the application has it, else as Saola has it.
 *
 * @throws {StoreError} STORE_UNSUPPORTED when there is none.
 */
export async function loadIoredis(from: string = process.cwd()): Promise<Ioredis> {
  const errors: unknown[] = []
  for (const find of [() => createRequire(join(from, 'package.json')).resolve('ioredis'), () => undefined]) {
    try {
      const path = find()
      return await (path === undefined ? import('ioredis') : import(pathToFileURL(path).href))
    } catch (error) {
      errors.push(error)
    }
  }
  const message = 'A store at a redis:// or rediss:// address needs the package ioredis: npm install ioredis'
  throw new StoreError('STORE_UNSUPPORTED', message, { cause: errors[0] })
}

/**
 * What addresses with commas between ask for: the first that answers is used, and they are where a cluster is looked for.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID
 */
export function optionsOfUrls(urls: string): RedisOptions[] {
  return urls.split(/\s*,\s*(?=redis)/).map(optionsOfUrl)
}

/**
 * What an address asks for: `redis[s]://[user:password@]host[:port][/database]`, or `redis+unix:///path[?db=1]`.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID, without what is secret in it.
 */
export function optionsOfUrl(url: string): RedisOptions {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !['redis:', 'rediss:', 'redis+unix:'].includes(parsed.protocol)) throw badUrl('is none')
  const { protocol, hostname, port, pathname, searchParams } = parsed
  const credentials = { ...decoded('username', parsed.username), ...decoded('password', parsed.password) }
  if (protocol === 'redis+unix:') {
    return { path: decodeURIComponent(pathname), ...database(searchParams.get('db') ?? ''), ...credentials }
  }
  if (hostname === '') throw badUrl('names no host')
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: port === '' ? 6379 : Number(port),
    ...database(pathname.slice(1) || (searchParams.get('db') ?? '')),
    ...credentials,
    ...(protocol === 'rediss:' && {
      tls: { ...(isIP(host) === 0 && { servername: host }), ...certificates(searchParams) },
    }),
  }
}

/** Where a store is, without the password: for messages. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//')
}

/** One server, or the node that is asked whether it belongs to a cluster. Without `isLasting` it connects once only. */
export function connectOne({ Redis }: Ioredis, options: RedisOptions, isLasting = true): Redis {
  const redis = new Redis({
    ...options,
    connectTimeout: connectMsMax,
    keepAlive: keepAliveMs,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Whatever was not answered ends with its connection.
    maxRetriesPerRequest: 0,
    retryStrategy: isLasting ? retryMs : () => null,
    disableClientInfo: true,
  })
  redis.on('error', error => isDatabaseRefused(error) && leave(redis, error))
  return redis
}

/** Whether SELECT was refused: ioredis only mentions it, and goes on with database 0. */
export function isDatabaseRefused(error: Error & { readonly command?: { readonly name: string } }): boolean {
  return error.name === 'ReplyError' && error.command?.name === 'select'
}

/** Whether its connection is given up already, and it does not know yet. */
export function isLost(redis: Redis | Cluster | undefined): boolean {
  return redis !== undefined && !('nodes' in redis) && redis.stream?.destroyed === true
}

/** Nothing may be carried out in the wrong database: neither what waits, nor what would come. */
function leave(redis: Redis, error: Error): void {
  const inner = redis as unknown as { flushQueue(error: Error, options: { commandQueue: boolean }): void }
  inner.flushQueue(error, { commandQueue: false })
  redis.stream?.destroy()
}

export function connectCluster({ Cluster }: Ioredis, all: readonly RedisOptions[]): Cluster {
  const { host: _, port: __, db: ___, path: ____, ...nodeOptions } = all[0] as RedisOptions
  const settings: ClusterOptions = {
    redisOptions: {
      ...nodeOptions,
      connectTimeout: connectMsMax,
      keepAlive: keepAliveMs,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
    },
    // What was sent to a node that is gone is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: retryMs,
    slotsRefreshInterval: 5_000,
    enableReadyCheck: true,
  }
  return new Cluster(
    all.map(({ host = '127.0.0.1', port = 6379 }) => ({ host, port })),
    settings,
  )
}

/** The pause before a try: twice the last one, and a fifth by chance, so that not all come back at once. */
export function retryMs(tries: number): number {
  const ms = Math.min(retryMinMs * 2 ** Math.min(tries - 1, noRetryYet), retryMaxMs)
  return Math.round(ms * (0.8 + 0.2 * Math.random()))
}

function decoded(name: 'username' | 'password', text: string): Partial<Record<'username' | 'password', string>> {
  return text === '' ? {} : { [name]: decodeURIComponent(text) }
}

function database(text: string): { db?: number } {
  if (text === '') return {}
  if (!/^\d{1,4}$/.test(text)) throw badUrl('has a database that is no number')
  return { db: Number(text) }
}

/** `?ca=/path/ca.pem`, `cert` and `key` for a client certificate. */
function certificates(params: URLSearchParams): Record<string, Buffer> {
  return Object.fromEntries(
    ['ca', 'cert', 'key'].flatMap(name => {
      const path = params.get(name)
      return path === null ? [] : [[name, readFileSync(path)]]
    }),
  )
}

function badUrl(what: string): StoreError {
  const form = 'redis://user:password@host:6379/0, or rediss:// for TLS'
  return new StoreError('STORE_ARGUMENT_INVALID', `The address of the store ${what}: it is ${form}.`)
}
