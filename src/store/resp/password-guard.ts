import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { PasswordCheck } from '../owner/client.ts'
import { Bursts } from './bursts.ts'

const user = 'default'
const delayMinMs = 50
const delayMaxMs = 3_000

export interface PasswordGuardOptions {
  readonly log: (event: string, fields: Record<string, unknown>) => void
  readonly now?: () => number
}

/**
 * Asks for the password of a door. A wrong one is answered late, and the later the more of them have come from there in a minute:
 * 20 tries a minute instead of millions.
 */
export class PasswordGuard implements PasswordCheck {
  readonly #key = randomBytes(32)
  readonly #digest: Buffer
  readonly #bursts: Bursts
  readonly #log: PasswordGuardOptions['log']

  constructor(password: string, { log, now }: PasswordGuardOptions) {
    this.#digest = this.#digestOf(Buffer.from(password))
    this.#bursts = new Bursts(now)
    this.#log = log
  }

  check(name: string, password: Buffer, address: string): { readonly isRight: boolean; readonly delayMs: number } {
    // Digests are of one length, and the time to compare them says nothing about either.
    const isSame = timingSafeEqual(this.#digestOf(password), this.#digest)
    const sender = senderOf(address)
    if (isSame && name === user) {
      this.#bursts.forget(sender)
      return { isRight: true, delayMs: 0 }
    }
    const count = this.#bursts.note(sender)
    if (count === 1 || count % 100 === 0) this.#log('store.password-wrong', { address, count })
    return { isRight: false, delayMs: Math.min(delayMaxMs, delayMinMs * 2 ** Math.min(count - 1, 10)) }
  }

  #digestOf(password: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(password).digest()
  }
}

/** Without the port; of IPv6 the network, because whoever has one address of it has all. */
function senderOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  if (!isIPv6(host)) return host
  const [head = '', tail] = host.split('::')
  const groups = head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  return [...groups, ...Array(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')].slice(0, 4).join(':')
}
