/** What an application gives to `openStore`: looked at before anything is opened. */
import { suggest } from '../base/suggest.ts'
import { argumentInvalid, describe, optionsOf } from './given.ts'
import type { Durability } from './owner/owner-spec.ts'
import { StoreError } from './store-error.ts'

export interface OpenOptions {
  /** The folder of the store: of a tree, `.saola/<name>/store` beside its configuration. Made when it is not there. */
  readonly dir: string
  /** How long a call may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
  /** For a store that nobody has opened yet; `everysec` by default. */
  readonly durability?: Durability
}

export interface OpenRemoteOptions {
  /**
   * `saola://host:9980`, or `saolas://…` for TLS: the network door of a Saola elsewhere; or that of Redis or Valkey: `redis://…`, or `rediss://…` for TLS; of a cluster one or several nodes with commas between. Needs the package ioredis.
   */
  readonly url: string
  /** Of a Saola, instead of one in the address. */
  readonly password?: string | undefined
  /** Of a Saola, PEM (what is in the file, not its name): who has signed its certificate; by default those whom Node trusts. */
  readonly ca?: string | Buffer | undefined
  /** Of a Saola, PEM: the certificate of this client, and its key, where the store asks for one. */
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /** How long a call may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
  /** The largest value in bytes; 128 MB by default. */
  readonly maxValueBytes?: number
}

// Timers of Node fire at once when they are asked for more.
const timeoutMsMax = 2 ** 31 - 1
const names = ['dir', 'url', 'timeoutMs', 'durability', 'password', 'ca', 'cert', 'key', 'maxValueBytes']
const durabilities = ['memory', 'everysec', 'always']

/** @throws {StoreError} STORE_ARGUMENT_INVALID, which names the option. */
export function checkOpenOptions(options: OpenOptions | OpenRemoteOptions): void {
  const given: Partial<OpenOptions & OpenRemoteOptions> = optionsOf(options, 'What openStore takes')
  const { dir, url, timeoutMs, durability, maxValueBytes, password, ca, cert, key } = given
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !names.includes(name)) throw unknown(name)
  if (dir === undefined && url === undefined) {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'openStore needs dir, the folder of the store, or url, its address.')
  }
  if (dir !== undefined && url !== undefined) {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'openStore takes dir or url, not both.')
  }
  if (dir !== undefined && !isText(dir)) throw argumentInvalid('dir', 'the path of a folder', dir)
  if (url !== undefined && !isText(url)) throw argumentInvalid('url', 'the address of a store', url)
  if (timeoutMs !== undefined && !isMilliseconds(timeoutMs)) {
    throw argumentInvalid('timeoutMs', `a number of milliseconds from 1 to ${timeoutMsMax}`, timeoutMs)
  }
  if (durability !== undefined && !durabilities.includes(durability)) throw durabilityInvalid(durability)
  if (maxValueBytes !== undefined && !(Number.isSafeInteger(maxValueBytes) && maxValueBytes > 0)) {
    throw argumentInvalid('maxValueBytes', 'a whole number of bytes above 0', maxValueBytes)
  }
  if (password !== undefined && typeof password !== 'string') {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'password is a text.')
  }
  for (const [name, pem] of Object.entries({ ca, cert, key })) {
    if (pem !== undefined) checkPem(name, pem)
  }
}

function checkPem(name: string, pem: string | Buffer): void {
  if (typeof pem !== 'string' && !Buffer.isBuffer(pem)) {
    throw new StoreError('STORE_ARGUMENT_INVALID', `${name} is PEM, a text or a Buffer, not ${typeof pem}.`)
  }
  if (pem.includes('-----BEGIN ')) return
  // It is not shown: it may be a key.
  const message = `${name} is PEM, which has a line "-----BEGIN …": of a file give what is in it, or its name in the address, ?${name}=FILE.`
  throw new StoreError('STORE_ARGUMENT_INVALID', message)
}

function unknown(name: string): StoreError {
  const near = suggest(name, names)
  const hint = near ? `, did you mean ${near}?` : `: it takes ${names.join(', ')}.`
  return new StoreError('STORE_ARGUMENT_INVALID', `openStore has no option ${describe(name)}${hint}`)
}

function isText(given: unknown): boolean {
  return typeof given === 'string' && given !== '' && !given.includes('\0')
}

function isMilliseconds(given: unknown): boolean {
  return typeof given === 'number' && given >= 1 && given <= timeoutMsMax
}

function durabilityInvalid(durability: unknown): StoreError {
  const near = typeof durability === 'string' ? suggest(durability, durabilities) : undefined
  const hint = near ? `, did you mean "${near}"?` : '.'
  const message = `durability is "memory", "everysec" or "always", not ${describe(durability)}${hint}`
  return new StoreError('STORE_ARGUMENT_INVALID', message)
}
