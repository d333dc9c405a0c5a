/**
 * The one that writes. It runs all requests that arrived in one turn of its event loop as one transaction, and answers when
 * that is committed: so an answer says that the data is kept, and a commit is paid for once.
 *
 * Requests come from connections (resp/server.ts) or, without a process of its own, straight from engines/memory.ts.
 */
import type { Command, CommandContext } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import { commandOf, nameStoredKeys } from '../commands/table.ts'
import { taskSpaceOf } from '../commands/tasks/task-space.ts'
import { AnswerTooLarge } from '../database/answer-size.ts'
import { everyKey, Keyspace } from '../database/keyspace.ts'
import { isBusy } from '../database/sqlite-failure.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import { Answers } from './answers.ts'
import type { Client, Request } from './client.ts'
import { Clients } from './clients.ts'
import { Conflicts } from './conflicts.ts'
import { describeFailure } from './failure.ts'
import { bindOwnSettings } from './own-settings.ts'
import type { OwnerOptions } from './owner-options.ts'
import { RequestQueue } from './request-queue.ts'
import { bytesOf, isFreeing, isGrowing, isSynced, notShared, replyBytes } from './request-rules.ts'
import { type Published, RunningRequest } from './running-request.ts'
import { type Outcome, Sessions } from './sessions.ts'
import { Settings } from './settings.ts'
import { nameOf, Statistics } from './statistics.ts'
import { Sweeper } from './sweeper.ts'
import { Topics } from './topics.ts'
import { Waiters } from './waiters.ts'
import { Watches } from './watches.ts'

const closed: Reply = new ReplyError('STORE_CLOSED', 'the store is closing')

// A turn ends here at the latest, so that other connections, timers and beats get theirs.
const turnMsMax = 10
// The same for what it answers: a connection that does not read is held back from the next one on.
const turnBytesMax = 1024 * 1024
const busyMs = 5_000

export class Owner {
  readonly keyspace: Keyspace
  readonly topics = new Topics()
  readonly watches = new Watches()
  readonly clients = new Clients()
  readonly settings = new Settings()
  readonly statistics = new Statistics()
  readonly waiters = new Waiters(
    request => {
      this.#queue.wake(request)
      this.#schedule()
    },
    () => this.#options.now?.() ?? performance.now(),
    key => this.keyspace.find(key)?.type,
  )
  readonly sessions: Sessions
  readonly conflicts: Conflicts
  readonly #options: OwnerOptions
  readonly #now: () => number
  readonly #sweeper: Sweeper
  readonly #queue = new RequestQueue()
  readonly #left = new WeakSet<Client>()
  #isScheduled = false
  #busySince: number | undefined
  #isClosed = false
  #isInTransaction = false
  /** Counts changes, to know whether a command that failed has left any. */
  #changes = 0
  #bytesReceived = 0
  /** Whether the transaction does more than free room. */
  #isGrowing = false
  readonly #running: RunningRequest
  readonly #context: CommandContext
  /** Published in this turn, and committed. */
  readonly #committed: Published[] = []
  readonly #answers: Answers
  readonly #doneOnce = new WeakMap<Request, Reply>()
  readonly #touched: { name: Buffer; field: Buffer | undefined }[] = []

  constructor(options: OwnerOptions) {
    const { database, limits, files } = options
    this.#options = options
    this.#now = options.now ?? Date.now
    this.keyspace = new Keyspace(database, { isOwner: true })
    this.keyspace.keysMax = limits.keysMax
    this.keyspace.onTouched = (name, field) => {
      this.#changes++
      if (name === everyKey || this.watches.has(name)) this.#touched.push({ name, field })
      this.waiters.note(name)
      this.conflicts.noteChange(name)
    }
    this.sessions = new Sessions(this.keyspace)
    this.conflicts = new Conflicts(this.keyspace)
    const { keyspace } = this
    bindOwnSettings(this.settings, { limits, files, statistics: this.statistics })
    const running = new RunningRequest(this, { limits, files, attempt: call => this.#attempt(call) })
    this.#running = running
    this.#answers = new Answers(options.commitSync?.disk, options.onProblem)
    taskSpaceOf(keyspace).live(undo => running.onRollBack(undo), options.monotonic ?? options.now)
    this.#context = {
      keyspace,
      get now() {
        return keyspace.now
      },
      get database() {
        return running.client.database
      },
      commandOf,
      run: (command, parts) => this.#call(command, parts),
      owner: running,
    }
    this.#sweeper = new Sweeper(this.keyspace, this.#now, work => this.#runAlone(work))
  }

  /** Runs a request with the others of this turn. */
  submit(request: Request): void {
    if (this.#isClosed) {
      request.answer(closed)
      return
    }
    this.#queue.add(request)
    this.#schedule()
  }

  /** A connection has gone: nobody waits for its answers. */
  leave(client: Client): void {
    this.#left.add(client)
    this.clients.leave(client)
    this.waiters.leave(client)
    taskSpaceOf(this.keyspace).leave(client)
    this.#forget(client)
    this.resume(client)
  }

  /** A connection has read what it was sent: see RequestQueue. */
  resume(client: Client): void {
    this.#queue.release(client)
    if (this.#queue.size > 0 && !this.#isClosed) this.#schedule()
  }

  /** Also behind a request that ran when its connection had gone: it must not be listed as one that listens. */
  #forget(client: Client): void {
    this.topics.leave(client)
    this.watches.leave(client)
    if (client.watched) this.conflicts.forget(client.watched)
  }

  /** Runs work that has transactions of its own. All keys may have changed by it. */
  betweenTurns<Result>(work: (keyspace: Keyspace) => Result): Result {
    try {
      return work(this.keyspace)
    } finally {
      this.keyspace.forget()
      this.sessions.forget()
      this.watches.tell(everyKey, undefined)
      this.conflicts.breakAll()
      this.waiters.wakeAll()
    }
  }

  /** For a clock that is moved by hand: answers what has come, moves it, and does at once what timers would do. */
  moveClock(move: () => void): void {
    while (this.#queue.size > 0) this.#turn()
    move()
    while (this.#sweeper.sweep());
    this.waiters.catchUp()
  }

  /**
   * Answers what has come, and nothing more. Whoever waits is told so; or, with `isHandedOver`, nothing: the connection ends,
   * and they go on waiting at the next owner.
   */
  close({ isHandedOver = false } = {}): void {
    while (this.#queue.size > 0) this.#turn()
    this.#isClosed = true
    this.#sweeper.stop()
    this.waiters.close(isHandedOver ? undefined : closed)
    this.#queue.clear()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isScheduled = false
    const batch = this.#queue.take(this.#options.isSynced === true)
    if (batch.length > 0) this.#runTurn(batch)
    if (this.#queue.size > 0) this.#schedule()
  }

  #runTurn(batch: readonly Request[]): void {
    this.keyspace.now = this.#now()
    const startedAt = this.statistics.begin()
    let outcomes: Outcome[]
    try {
      outcomes = this.#runTogether(batch, startedAt + turnMsMax)
    } catch (error) {
      this.#rollBack()
      for (const request of batch) this.waiters.withdraw(request)
      if (isBusy(error) && this.#waitForOthers(batch)) return
      // One of them cannot be carried out, or the disk is full: each by itself, so that the others do not suffer.
      outcomes = batch.flatMap(request => this.#runOne(request))
    }
    this.#busySince = undefined
    this.#answers.give(outcomes)
    // Behind the answers, so that whoever has subscribed in the same turn hears that first.
    for (const { channel, message } of this.#committed.splice(0)) this.topics.deliver(channel, message)
  }

  /** The sync thread cuts the WAL, and waits for the disk with it; what else this process has to do goes on. */
  #waitForOthers(batch: readonly Request[]): boolean {
    const now = performance.now()
    this.#busySince ??= now
    if (now - this.#busySince > busyMs) return false
    this.#queue.putBack(batch)
    this.#isScheduled = true
    setTimeout(this.#turn, 1)
    return true
  }

  #runTogether(batch: readonly Request[], until: number): Outcome[] {
    this.#options.commitSync?.begin(batch.some(isSynced))
    const outcomes: Outcome[] = []
    let answerBytes = 0
    for (const [i, request] of batch.entries()) {
      const outcome = this.#run(request)
      outcomes.push(outcome)
      answerBytes += replyBytes(outcome.reply)
      this.waiters.serve((waiting, wokenBy) => outcomes.push(this.#run(waiting, wokenBy)))
      const isForDisk = this.#answers.endsTurn(request, this.#bytesReceived)
      // Looked at rarely: the clock costs as much as a small command.
      if (isForDisk || answerBytes > turnBytesMax || (i % 32 === 31 && performance.now() > until)) {
        if (i + 1 < batch.length) this.#queue.putBack(batch.slice(i + 1))
        break
      }
    }
    this.#commit(outcomes)
    return outcomes
  }

  /** By itself, and with an answer whatever happens. */
  #runOne(request: Request): Outcome[] {
    try {
      this.#options.commitSync?.begin(isSynced(request))
      const outcome = this.#run(request)
      this.#commit([outcome])
      return [outcome]
    } catch (error) {
      this.#rollBack()
      if (error instanceof CommandError) return [this.#failed(request, error)]
      const failure = describeFailure(error, this.keyspace.database)
      if (failure.isSpace && isFreeing(request) && this.#options.room?.free()) return this.#runOne(request)
      this.#options.onProblem?.(error as Error)
      return [this.#failed(request, failure.error)]
    }
  }

  #failed(request: Request, error: CommandError): Outcome {
    this.statistics.error(error.code)
    if (error instanceof AnswerTooLarge) request.client.connection?.refuse(error.message)
    return { request, reply: new ReplyError(error.code, error.message) }
  }

  /** @throws whatever is not the fault of the command, or is but has left changes. */
  #run(request: Request, wokenBy?: Buffer): Outcome {
    const { parts } = request
    const changesBefore = this.#changes
    let reply: Reply
    try {
      const command = commandOf(parts)
      if (command.flags.includes('connection')) return { request, reply: this.#runOnce(command, request) }
      if (command.flags.includes('waits') && this.#left.has(request.client)) {
        // Nobody is there to take it.
        this.waiters.passOn(request)
        return { request, reply: null }
      }
      if (command.flags.includes('write')) {
        this.sessions.check(request)
        this.#isGrowing ||= isGrowing(command, request.transaction)
        this.#begin()
      }
      this.#running.begin(request, wokenBy)
      this.#bytesReceived += bytesOf(parts, this.#options.limits.valueBytesMax)
      reply = this.#context.run(command, parts)
      if (command.flags.includes('owner') && this.#left.has(request.client)) this.#forget(request.client)
    } catch (error) {
      if (!(error instanceof CommandError) || this.#changes !== changesBefore) throw error
      return this.#failed(request, error)
    }
    return { request, reply }
  }

  /** What changes a connection is done, whatever becomes of the data: a turn that runs again must not do it twice. */
  #runOnce(command: Command, request: Request): Reply {
    const { client, parts } = request
    if (client.session || !client.connection) throw notShared(command)
    const done = this.#left.has(client) ? null : this.#doneOnce.get(request)
    if (done !== undefined) return done
    const { changes } = this.#running
    this.#running.begin(request, undefined)
    const reply = this.#context.run(command, parts)
    this.#running.keepChanges(changes)
    this.#doneOnce.set(request, reply)
    return reply
  }

  /** One of the calls of EXEC. */
  #attempt(parts: readonly Buffer[]): Reply {
    const changesBefore = this.#changes
    try {
      this.#bytesReceived += bytesOf(parts, this.#options.limits.valueBytesMax)
      return this.#context.run(commandOf(parts), parts)
    } catch (error) {
      const isOfAll = error instanceof AnswerTooLarge
      if (!(error instanceof CommandError) || isOfAll || this.#changes !== changesBefore) throw error
      this.statistics.error(error.code)
      return new ReplyError(error.code, error.message)
    }
  }

  #call(command: Command, parts: readonly Buffer[]): Reply {
    const { client } = this.#running
    client.lastCommand = nameOf(command, parts)
    try {
      const reply = command.run(this.#context, nameStoredKeys(command, parts.slice(1), client.database))
      this.statistics.done(command, parts, client)
      return reply
    } catch (error) {
      this.statistics.failed(command, parts, client)
      throw error
    }
  }

  #begin(): void {
    if (this.#isInTransaction) return
    this.keyspace.sql('BEGIN IMMEDIATE').run()
    this.#isInTransaction = true
  }

  #commit(outcomes: readonly Outcome[]): void {
    if (this.#isInTransaction) {
      this.keyspace.flush()
      this.sessions.record(outcomes, this.keyspace.now)
      if (this.#isGrowing) this.#options.room?.check(this.#bytesReceived)
      this.keyspace.sql('COMMIT').run()
      this.#isInTransaction = false
      this.#options.room?.note(outcomes.length, this.#bytesReceived)
    }
    this.#bytesReceived = 0
    this.#isGrowing = false
    this.#tell()
  }

  /** Who waits for what has changed: only when it is committed, so that they see it. */
  #tell(): void {
    this.#committed.push(...this.#running.published.splice(0))
    this.#running.keepChanges()
    this.conflicts.committed()
    for (const { name, field } of this.#touched.splice(0)) this.watches.tell(name, field)
    this.waiters.wakeReady()
    this.waiters.wakeFreed()
  }

  #rollBack(): void {
    this.#bytesReceived = 0
    this.#isGrowing = false
    this.#running.published.length = 0
    this.#touched.length = 0
    this.waiters.putBack()
    this.#running.undoChanges()
    this.conflicts.rolledBack()
    // SQLite may have rolled back by itself.
    if (this.#isInTransaction && this.keyspace.database.isTransaction) this.keyspace.sql('ROLLBACK').run()
    this.#isInTransaction = false
    this.keyspace.forget()
    this.sessions.forget()
  }

  #runAlone<Result>(work: () => Result): Result {
    this.keyspace.now = this.#now()
    try {
      this.#options.commitSync?.begin(false)
      this.#begin()
      const result = work()
      this.#commit([])
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }
}
