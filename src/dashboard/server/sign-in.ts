/** Signing in and out: `/api/session`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { readCredentials } from '../../base/basic-credentials.ts'
import { type CheckResult, PasswordChecks, type User } from '../../base/password-checks.ts'
import { parsePasswordHash } from '../../base/password-hash.ts'
import { call } from '../../control/client.ts'
import { Attempts } from './attempts.ts'
import type { Audit } from './audit.ts'
import { type CookieRule, cookieRule } from './cookies.ts'
import { optionalTextIn, textIn } from './input.ts'
import { Refusal } from './refusal.ts'
import type { ApiRequest } from './route.ts'
import { type Session, Sessions, type SessionsOptions } from './sessions.ts'

export interface SignInOptions extends Omit<SessionsOptions, 'now'> {
  readonly controlSocket: string
  readonly hasTls: boolean
  readonly audit: Pick<Audit, 'signedIn' | 'signedOut' | 'refused'>
  /** A session was ended, here or elsewhere. */
  onSignOut(session: string): void
}

/** Who asks. */
export interface Signed {
  readonly user: string
  /** Undefined for who sends a name and a password with each request. */
  readonly session: Session | undefined
}

/** Whoever guesses has to wait for each answer. */
const wrongAnswerMs = 500
/**
 * While one process of the dashboard takes the place of another, somebody may sign out at the old one, of which this one was not told
 * when it was started. That one ends within these.
 */
const handoverMs = 5_000

export class SignIn {
  readonly #options: SignInOptions
  readonly #sessions: Sessions
  readonly #cookies: CookieRule
  readonly #users: ReadonlyMap<string, User>
  readonly #checks = new PasswordChecks(() => performance.now())
  /** By who asks, the name and the password: the same is looked at once. */
  readonly #running = new Map<string, Promise<CheckResult>>()
  #handover: NodeJS.Timeout | undefined
  // Apart: who guesses passwords behind the same proxy must not keep the one out who has a token.
  readonly #attempts = {
    token: new Attempts(() => performance.now()),
    password: new Attempts(() => performance.now()),
  }

  constructor(options: SignInOptions) {
    this.#options = options
    this.#sessions = new Sessions({ ...options, now: () => Date.now() })
    this.#cookies = cookieRule(options.controlSocket)
    this.#users = new Map(
      Object.entries(options.users).map(([name, text]) => [name, { text, hash: parsePasswordHash(text) }]),
    )
  }

  get hasUsers(): boolean {
    return this.#users.size > 0
  }

  start(): void {
    void this.#learn()
    this.#handover = setTimeout(() => void this.#learn(), handoverMs).unref()
  }

  close(): void {
    clearTimeout(this.#handover)
  }

  /**
   * Who asks: by a session, or by a name and a password in the request itself, as scripts send them.
   *
   * @throws {Refusal} 401 when that is not known.
   */
  async who(req: IncomingMessage): Promise<Signed> {
    const session = this.#sessionOf(req)
    if (session) return { user: session.user, session }
    const credentials = readCredentials(req.headers.authorization)
    if (!credentials || !this.hasUsers) throw this.#signedOut()
    await this.#checkPassword(credentials.name, credentials.password, addressOf(req))
    return { user: credentials.name, session: undefined }
  }

  /** With `{ token }` of a printed address, or `{ user, password }`. */
  async signIn(req: IncomingMessage, res: ServerResponse, body: ApiRequest['body']): Promise<string> {
    const address = addressOf(req)
    const name = optionalTextIn(body, 'user')
    if (name === undefined) await this.#redeem(textIn(body, 'token'), address)
    else await this.#checkPassword(name, textIn(body, 'password'), address)
    const maxAgeSeconds = Math.floor(this.#options.sessionMs / 1_000)
    res.setHeader(
      'set-cookie',
      this.#cookies.write(this.#sessions.begin(name), { maxAgeSeconds, isSecure: this.#isSecure(req) }),
    )
    this.#options.audit.signedIn(name ?? 'token', address, name === undefined ? 'token' : 'password')
    return name ?? 'token'
  }

  /** No process of the dashboard takes the session again. */
  async signOut(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const session = this.#sessionOf(req)
    if (!session) throw this.#signedOut()
    this.#end(session.id)
    const removed = [true, false].map(isSecure => this.#cookies.write('', { maxAgeSeconds: 0, isSecure }))
    res.setHeader('set-cookie', removed)
    await call(this.#options.controlSocket, 'dashboardSignOut', { session: session.id })
    this.#options.audit.signedOut(session.user, addressOf(req))
  }

  #end(session: string): void {
    this.#sessions.end(session)
    this.#options.onSignOut(session)
  }

  async #learn(): Promise<void> {
    try {
      const { sessions } = await call(this.#options.controlSocket, 'dashboardSignedOut', {})
      for (const session of sessions) this.#end(session)
    } catch {
      // The tree ends, or is an older one; what was known at the start still counts.
    }
  }

  #sessionOf(req: IncomingMessage): Session | undefined {
    for (const value of this.#cookies.read(req.headers.cookie)) {
      const session = this.#sessions.read(value)
      if (session) return session
    }
    return undefined
  }

  async #redeem(token: string, address: string): Promise<void> {
    this.#begin('token', address)
    const { isRight } = await call(this.#options.controlSocket, 'dashboardRedeem', { token })
    if (isRight) return this.#attempts.token.forgive(address)
    return this.#refuse(
      'token',
      address,
      'This address was used already, or is too old. Ask for another: "saola dashboard".',
    )
  }

  async #checkPassword(name: string, password: string, address: string): Promise<void> {
    const result = await this.#sharedCheck(name, password, address)
    if (result === 'right') return
    if (result === 'busy')
      throw new Refusal(503, 'Too many passwords are being checked. Try again.', { 'retry-after': '1' })
    return this.#refuse('password', address, 'The name or the password is wrong.')
  }

  /** Of requests that come together with the same password, as a script sends them, one counts. */
  async #sharedCheck(name: string, password: string, address: string): Promise<CheckResult> {
    const key = JSON.stringify([address, name, password])
    const running = this.#running.get(key)
    if (running) return running
    this.#begin('password', address)
    const [like] = this.#users.values()
    const check = like ? this.#checks.check(password, this.#users.get(name), like) : 'wrong'
    if (typeof check === 'string') return this.#counted(check, address)
    this.#running.set(key, check)
    try {
      return this.#counted(await check, address)
    } finally {
      this.#running.delete(key)
    }
  }

  #counted(result: CheckResult, address: string): CheckResult {
    if (result !== 'wrong') this.#attempts.password.forgive(address)
    return result
  }

  #begin(kind: 'token' | 'password', address: string): void {
    const waitSeconds = this.#attempts[kind].begin(address)
    if (waitSeconds === 0) return
    this.#options.audit.refused(`too many wrong ${kind}s`, address)
    const message = `There were too many wrong ${kind}s. Try again in ${waitSeconds} s.`
    throw new Refusal(429, message, { 'retry-after': String(waitSeconds) })
  }

  async #refuse(kind: 'token' | 'password', address: string, message: string): Promise<never> {
    this.#options.audit.refused(`wrong ${kind}`, address)
    await pause(wrongAnswerMs)
    throw new Refusal(401, message, unknownScheme)
  }

  #signedOut(): Refusal {
    const or = this.hasUsers ? ', or with a name and a password' : ''
    return new Refusal(401, `Sign in with an address that "saola dashboard" prints${or}.`, unknownScheme)
  }

  /** A proxy before this server may speak TLS: browsers say truly what they see, and who is none has only itself to harm. */
  #isSecure({ headers }: IncomingMessage): boolean {
    return this.#options.hasTls || headers.origin?.startsWith('https://') === true
  }
}

/** RFC 9110 wants a scheme with each 401. Of `Basic` the browser would ask by itself, and then send the password everywhere here. */
const unknownScheme = { 'www-authenticate': 'Saola' }

export function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unix'
}
