import type { OwnerContext, StoreFiles, StoreLimits } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import type { Keyspace, KeyType } from '../database/keyspace.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import type { Client, QueuedTransaction, Request, WatchedKeys } from './client.ts'
import type { Clients } from './clients.ts'
import type { Conflicts } from './conflicts.ts'
import { replyBytes } from './request-rules.ts'
import type { Sessions } from './sessions.ts'
import type { Settings } from './settings.ts'
import type { Statistics } from './statistics.ts'
import type { Topics } from './topics.ts'
import type { Waiters } from './waiters.ts'
import type { Watches } from './watches.ts'

/** What a command returns that will be answered later. */
export const later: Reply = new ReplyError('ERR', 'later')

/** What lives as long as the owner. */
interface State {
  readonly keyspace: Keyspace
  readonly topics: Topics
  readonly watches: Watches
  readonly waiters: Waiters
  readonly sessions: Sessions
  readonly clients: Clients
  readonly settings: Settings
  readonly statistics: Statistics
  readonly conflicts: Conflicts
}

interface Own {
  readonly limits: StoreLimits
  readonly files: StoreFiles | undefined
  attempt(call: readonly Buffer[]): Reply
}

export interface Published {
  readonly channel: Buffer
  readonly message: Buffer
}

/** What the owner offers to the command that it runs: one object, because they run one after the other. */
export class RunningRequest implements OwnerContext {
  readonly limits: StoreLimits
  readonly files: StoreFiles | undefined
  readonly topics: Topics
  readonly watches: Watches
  readonly sessions: Sessions
  readonly clients: Clients
  readonly settings: Settings
  readonly statistics: Statistics
  readonly conflicts: Conflicts
  /** What commands of this transaction have published. */
  readonly published: Published[] = []
  canWait = true
  readonly #waiters: Waiters
  readonly #keyspace: Keyspace
  #request: Request | undefined
  #wokenBy: Buffer | undefined

  /** Undoes what commands of this transaction have changed of connections. */
  readonly #undo: (() => void)[] = []
  readonly #attempt: Own['attempt']

  constructor(state: State, { limits, files, attempt }: Own) {
    this.limits = limits
    this.files = files
    this.topics = state.topics
    this.watches = state.watches
    this.sessions = state.sessions
    this.clients = state.clients
    this.settings = state.settings
    this.statistics = state.statistics
    this.conflicts = state.conflicts
    this.#waiters = state.waiters
    this.#keyspace = state.keyspace
    this.#attempt = attempt
  }

  attempt(call: readonly Buffer[]): Reply {
    const { answer } = this.#keyspace
    const before = answer.bytes
    const reply = this.#attempt(call)
    // Whatever the command has counted itself, or has not.
    answer.bytes = before
    answer.add(replyBytes(reply))
    return reply
  }

  onRollBack(undo: () => void): void {
    this.#undo.push(undo)
  }

  get changes(): number {
    return this.#undo.length
  }

  /** All of them, or those behind the first so many, are not undone. */
  keepChanges(from = 0): void {
    this.#undo.length = from
  }

  undoChanges(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  get request(): Request {
    if (!this.#request) throw new Error('no request is running')
    return this.#request
  }

  get wokenBy(): Buffer | undefined {
    return this.#wokenBy
  }

  get hasWaited(): boolean {
    return this.#waiters.hasWaited(this.request)
  }

  /** What is offered is for this request from now on. */
  begin(request: Request, wokenBy: Buffer | undefined): void {
    this.#request = request
    this.#wokenBy = wokenBy
    this.canWait = request.transaction === undefined
    const { session, connection } = request.client
    // Over a connection that a whole process shares, all others of it would be cut off, too.
    this.#keyspace.answer.begin((!session && connection?.outputBytesMax) || Number.POSITIVE_INFINITY)
  }

  get transaction(): QueuedTransaction | undefined {
    return this.request.transaction
  }

  get watched(): WatchedKeys | undefined {
    return this.request.watched
  }

  get client(): Client {
    return this.request.client
  }

  publish(channel: Buffer, message: Buffer): number {
    this.published.push({ channel, message })
    return this.topics.countFor(channel)
  }

  waitFor(
    keys: readonly Buffer[],
    timeoutMs: number,
    onTimeout: Reply,
    { wakeAfterMs, type }: { wakeAfterMs?: number | undefined; type?: KeyType } = {},
  ): Reply {
    if (!this.canWait) return onTimeout
    this.#waiters.add(this.request, { keys, timeoutMs, onTimeout, wakeAfterMs, type })
    return later
  }

  answerWith(reply: Promise<Reply>): Reply {
    const { answer, transaction } = this.request
    if (transaction) reply.catch(() => {})
    if (transaction) throw new CommandError('ERR', 'Command not allowed inside a transaction')
    reply.then(answer, error => answer(failureOf(error)))
    return later
  }

  cancelWait(name: Buffer): boolean {
    return this.#waiters.cancel(this.request, name)
  }

  get waiting(): number {
    return this.#waiters.size
  }

  isWaiting(client: Client): boolean {
    return this.#waiters.isWaiting(client)
  }

  endWait(client: Client, answer?: Reply): boolean {
    return this.#waiters.end(client, answer)
  }

  isBehindOthers(key: Buffer, type?: KeyType): boolean {
    return this.#waiters.isBehindOthers(this.request, key, type)
  }
}

function failureOf(error: unknown): ReplyError {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return new ReplyError(typeof code === 'string' ? code : 'ERR', String(message))
}
