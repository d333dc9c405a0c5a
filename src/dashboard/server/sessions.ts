/**
 * Who is signed in. A session is a cookie that says who and until when, signed with a secret of the tree: so nothing has to be kept of
 * it, and it outlives this process. What has to be kept are sessions that were ended before their time.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** The name of a user has up to 255 characters, of up to four bytes, written as base64. */
const cookieLengthMax = 2_048
const signedOutMax = 1_000

export interface Session {
  readonly id: string
  /** `token`, or the name of a user. */
  readonly user: string
  /** Milliseconds since 1970. */
  readonly until: number
  /** Of a user: what his password hash is signed as. Another password, and the session is over. */
  readonly mark?: string
}

export interface SessionsOptions {
  readonly secret: string
  /** Hashes of passwords, by name. */
  readonly users: Readonly<Record<string, string>>
  readonly sessionMs: number
  /** Sessions that were ended before this process began. */
  readonly signedOut: readonly string[]
  /** Milliseconds since 1970. */
  now(): number
}

export class Sessions {
  readonly #options: SessionsOptions
  readonly #signedOut: Set<string>

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#signedOut = new Set(options.signedOut)
  }

  /** A new session, as the value of a cookie. `user` is the name of a user with a password, or undefined for who had a token. */
  begin(user: string | undefined): string {
    const { now, sessionMs } = this.#options
    const session: Session = {
      id: randomBytes(12).toString('base64url'),
      user: user ?? 'token',
      until: now() + sessionMs,
      ...(user !== undefined && { mark: this.#markOf(user) }),
    }
    const payload = Buffer.from(JSON.stringify(session)).toString('base64url')
    return `${payload}.${this.#sign('session', payload)}`
  }

  /** The session of a cookie; undefined when it is none of ours, is over, or was ended. */
  read(cookie: string): Session | undefined {
    if (cookie.length > cookieLengthMax) return undefined
    const [payload = '', signature = '', ...rest] = cookie.split('.')
    if (rest.length > 0 || !isSame(signature, this.#sign('session', payload))) return undefined
    // It was made here: its form is right.
    const session = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Session
    const isOver = this.#options.now() >= session.until || this.#signedOut.has(session.id)
    const isOfOldPassword = session.mark !== undefined && session.mark !== this.#markOf(session.user)
    return isOver || isOfOldPassword ? undefined : session
  }

  end(id: string): void {
    this.#signedOut.add(id)
    for (const oldest of this.#signedOut) {
      if (this.#signedOut.size <= signedOutMax) return
      this.#signedOut.delete(oldest)
    }
  }

  #markOf(user: string): string {
    const { users } = this.#options
    return this.#sign('user', Object.hasOwn(users, user) ? `${user}:${users[user]}` : '')
  }

  #sign(purpose: 'session' | 'user', text: string): string {
    return createHmac('sha256', this.#options.secret).update(`${purpose}\0${text}`).digest('base64url')
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
