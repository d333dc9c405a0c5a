import { createHmac, randomBytes } from 'node:crypto'
import { impossibleHash, type PasswordHash, verifyPassword } from './password-hash.ts'

/** Each takes a thread of Node's four, and 16 MB. */
const atOnceMax = 2
const waitingMax = 64
const rememberedMax = 1_000
const rememberMs = 5 * 60_000

export interface User {
  readonly hash: PasswordHash
  /** As it stands in the configuration. */
  readonly text: string
}

/** `busy`: too many are being checked. */
export type CheckResult = 'right' | 'wrong' | 'busy'

/**
 * Checks passwords, a few at once. Those that were right are remembered for five minutes, by a hash with a key that is known
 * to this process only; a user whose password has changed is checked anew.
 */
export class PasswordChecks {
  readonly #key = randomBytes(32)
  /** Until when, by what is remembered of user and password; the oldest first. */
  readonly #right = new Map<string, number>()
  readonly #waiting: (() => void)[] = []
  readonly #now: () => number
  #running = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** `user` is undefined when there is none of this name: that takes as long as a wrong password of `like`. */
  check(password: string, user: User | undefined, like: User | undefined): CheckResult | Promise<CheckResult> {
    const memory = user && this.#memoryOf(password, user)
    if (memory && this.#now() < (this.#right.get(memory) ?? 0)) return 'right'
    if (this.#running >= atOnceMax && this.#waiting.length >= waitingMax) return 'busy'
    return this.#verify(password, user, like).then(isRight => {
      if (isRight && memory) this.#remember(memory)
      return isRight ? 'right' : 'wrong'
    })
  }

  async #verify(password: string, user: User | undefined, like: User | undefined): Promise<boolean> {
    if (this.#running >= atOnceMax) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      const isRight = await verifyPassword(password, user?.hash ?? impossibleHash(like?.hash))
      return isRight && user !== undefined
    } finally {
      const next = this.#waiting.shift()
      // Whoever is next takes the place over.
      if (next) next()
      else this.#running--
    }
  }

  #remember(memory: string): void {
    this.#right.delete(memory)
    this.#right.set(memory, this.#now() + rememberMs)
    const [oldest] = this.#right.keys()
    if (this.#right.size > rememberedMax && oldest !== undefined) this.#right.delete(oldest)
  }

  #memoryOf(password: string, { text }: User): string {
    return createHmac('sha256', this.#key).update(text).update('\0').update(password).digest('base64url')
  }
}
