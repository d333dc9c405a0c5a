/** How often somebody may be wrong: ten times, and then once in ten seconds. */
import { isIPv6 } from 'node:net'
import { returnTokens, type TokenDebt, takeTokens } from '../../base/gcra.ts'
import { plainAddress } from '../../base/network-list.ts'

const rate = { count: 1, periodUs: 10_000_000, burst: 10 }
/** The one that was not seen for longest is forgotten first. */
const addressesMax = 10_000

export class Attempts {
  readonly #debts = new Map<string, TokenDebt>()
  readonly #nowUs: () => number

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#nowUs = () => Math.floor(now() * 1_000)
  }

  /** Counts an attempt as a wrong one, before it is looked at; returns how many seconds to wait where there were too many. */
  begin(address: string): number {
    const key = keyOf(address)
    const taken = takeTokens(rate, this.#debts.get(key), { nowUs: this.#nowUs(), needed: 1 })
    this.#keep(key, taken.debt)
    return taken.granted === 1 ? 0 : Math.ceil(taken.waitUs / 1e6)
  }

  /** It was right, or was not looked at: it does not count. */
  forgive(address: string): void {
    const key = keyOf(address)
    this.#keep(key, returnTokens(rate, this.#debts.get(key), this.#nowUs(), 1))
  }

  #keep(key: string, debt: TokenDebt): void {
    this.#debts.delete(key)
    this.#debts.set(key, debt)
    const [oldest] = this.#debts.keys()
    if (this.#debts.size > addressesMax && oldest !== undefined) this.#debts.delete(oldest)
  }
}

/** Who has an IPv6 address has 2^64 of them. */
function keyOf(address: string): string {
  const plain = plainAddress(address)
  return isIPv6(plain) ? networkOf(plain) : plain
}

/** The first 64 bits. */
function networkOf(address: string): string {
  const [left = '', right] = address.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = right === undefined ? [] : new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
