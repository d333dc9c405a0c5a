import type { OwnerContext, StoreFiles, StoreLimits } from '../commands/command.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import type { Client, Request } from './client.ts'
import type { Sessions } from './sessions.ts'
import type { Topics } from './topics.ts'
import type { Waiters } from './waiters.ts'
import type { Watches } from './watches.ts'

/** What a command returns that will be answered later. */
export const later: Reply = new ReplyError('ERR', 'later')

interface Parts {
  readonly limits: StoreLimits
  readonly files: StoreFiles | undefined
  readonly topics: Topics
  readonly watches: Watches
  readonly waiters: Waiters
  readonly sessions: Sessions
}

/** What the owner offers to the command that it runs: one object, because they run one after the other. */
export class RunningRequest implements OwnerContext {
  readonly limits: StoreLimits
  readonly files: StoreFiles | undefined
  readonly topics: Topics
  readonly watches: Watches
  readonly sessions: Sessions
  /** What commands of this transaction have published. */
  readonly published: { channel: Buffer; message: Buffer }[] = []
  readonly #waiters: Waiters
  #request: Request | undefined

  constructor({ limits, files, topics, watches, waiters, sessions }: Parts) {
    this.limits = limits
    this.files = files
    this.topics = topics
    this.watches = watches
    this.sessions = sessions
    this.#waiters = waiters
  }

  get request(): Request {
    if (!this.#request) throw new Error('no request is running')
    return this.#request
  }

  set request(request: Request) {
    this.#request = request
  }

  get client(): Client {
    return this.request.client
  }

  publish(channel: Buffer, message: Buffer): number {
    this.published.push({ channel, message })
    return this.topics.countFor(channel)
  }

  waitFor(keys: readonly Buffer[], timeoutMs: number, onTimeout: Reply, wakeAfterMs?: number): Reply {
    this.#waiters.add(this.request, { keys, timeoutMs, onTimeout, wakeAfterMs })
    return later
  }

  answerWith(reply: Promise<Reply>): Reply {
    const { answer } = this.request
    reply.then(answer, error => answer(failureOf(error)))
    return later
  }

  cancelWait(name: Buffer): boolean {
    return this.#waiters.cancel(this.request, name)
  }

  isBehindOthers(key: Buffer): boolean {
    return this.#waiters.isBehindOthers(this.request, key)
  }
}

function failureOf(error: unknown): ReplyError {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return new ReplyError(typeof code === 'string' ? code : 'ERR', String(message))
}
