/**
 * The one-time links of the dashboard. They are kept here, by the supervisor, and not by the process that serves the page: so a link
 * works once and not again, also when that process is started anew between two uses.
 */
import type { Clock } from '../base/clock.ts'

/** Of 256 bits. */
const tokenBytes = 32
const lifetimeMs = 24 * 3_600_000
/** A further one takes the place of the oldest. */
const linksMax = 100
/** A further one takes the place of the oldest: by then somebody has signed out a thousand times. */
const signedOutMax = 1_000

export interface DashboardLink {
  /** base64url. */
  readonly token: string
  readonly expiresAt: Date
}

export class DashboardLinks {
  readonly #clock: Clock
  /** By the hash of the token: whoever sees this memory, in a dump say, cannot sign in with it. */
  readonly #links = new Map<string, number>()
  readonly #signedOut = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  make(): DashboardLink {
    const token = process.getBuiltinModule('node:crypto').randomBytes(tokenBytes).toString('base64url')
    this.#links.set(hashOf(token), this.#clock.now() + lifetimeMs)
    makeRoom(this.#links, linksMax)
    return { token, expiresAt: new Date(this.#clock.date().getTime() + lifetimeMs) }
  }

  /** True once, within 24 hours. */
  redeem(token: string): boolean {
    const hash = hashOf(token)
    const until = this.#links.get(hash)
    this.#links.delete(hash)
    return until !== undefined && this.#clock.now() < until
  }

  /** A session that was ended by whoever had it: no process of the dashboard may take it again. */
  signOut(session: string): void {
    this.#signedOut.add(session)
    makeRoom(this.#signedOut, signedOutMax)
  }

  get signedOut(): readonly string[] {
    return [...this.#signedOut]
  }
}

function makeRoom(all: { readonly size: number; keys(): Iterable<string>; delete(key: string): boolean }, max: number) {
  for (const oldest of all.keys()) {
    if (all.size <= max) return
    all.delete(oldest)
  }
}

/** The token is random enough for a plain hash, and as it is looked up by the hash, no comparison tells how much was right. */
function hashOf(token: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(token).digest('base64url')
}
