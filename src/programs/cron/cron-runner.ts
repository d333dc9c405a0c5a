/**
 * Runs the commands and modules of the section `cron` when their time has come, beside the fleet. What to do is decided in plan/; here it is
 * only begun, and what becomes of it comes back as an event.
 */
import type { Clock } from '../../base/clock.ts'
import { messageOf, ServerError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { suggest } from '../../base/suggest.ts'
import type { FromWorker } from '../../ipc/messages.ts'
import type { CronStatus } from '../../ipc/status.ts'
import type { RunningChild } from '../../supervisor/child-process.ts'
import type { OpenFiles } from '../../supervisor/output/open-files.ts'
import type { Output } from '../../supervisor/output/output.ts'
import { ticksAtStart } from '../../supervisor/pid-file.ts'
import { signalGroup } from '../../supervisor/spawn-program.ts'
import type { CronDefinition } from './cron-definition.ts'
import { type OnRunLine, startCronProcess } from './cron-process.ts'
import { CronRecord } from './cron-record.ts'
import { type CronRun, type CronState, createCron } from './cron-state.ts'
import { buildCronStatus } from './cron-status.ts'
import { planCron } from './plan/plan-cron.ts'
import type { CronAction, CronEvent, Moment, RunNews } from './plan/turn.ts'

export interface CronRunnerOptions {
  /** Whether times count; else a run only begins when somebody asks for it. */
  readonly fires: boolean
  readonly clock: Clock
  readonly log: Log
  readonly output: Output
  readonly files: OpenFiles
  /** Where it remembers what must outlive the tree; undefined: nowhere. */
  readonly recordFile: string | undefined
  /** A run uses something that only runs when it is used: `store`. */
  onWanted(service: string): void
}

/** Somebody who has asked for a run. */
export interface RunWatcher {
  onLine: OnRunLine
  /** It may also be refused after it has waited; what is refused at once is thrown instead. */
  onNews(news: RunNews): void
}

const watchEveryMs = 100
const nothingRemembered = { entries: undefined, leftOver: [] }

export class CronRunner {
  readonly #options: CronRunnerOptions
  readonly #state: CronState
  readonly #record: CronRecord | undefined
  readonly #running = new Map<number, RunningChild>()
  readonly #watchers = new Map<number, RunWatcher>()
  readonly #events: CronEvent[] = []
  readonly #ended = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  #tickets = 0
  #isPlanning = false

  constructor(options: CronRunnerOptions) {
    const { fires, clock, log, recordFile } = options
    this.#options = options
    this.#state = createCron({ fires, now: clock.now() })
    if (recordFile === undefined) return
    const onTrouble = (error: unknown) => log.warn('cron.unsaved', { file: recordFile, error: messageOf(error) })
    this.#record = new CronRecord(recordFile, onTrouble)
  }

  /** From now on times count. What is left of a tree that was killed is ended. */
  start(definitions: readonly CronDefinition[]): void {
    const { entries: remembered, leftOver } = this.#record?.load() ?? nothingRemembered
    if (definitions.length + leftOver.length === 0) return
    this.#happen({ type: 'configure', definitions, remembered, leftOver })
  }

  /** After a reload. What runs goes on as it was begun, also when its entry is gone. */
  configure(definitions: readonly CronDefinition[]): void {
    if (definitions.length + this.#state.entries.size > 0) this.#happen({ type: 'configure', definitions })
  }

  /**
   * Begins a run now, or lets it wait, as its `overlap` says. Returns what ends the watching; the run goes on.
   *
   * @throws {ServerError} when there is no such entry, or no run of it may begin now.
   */
  run(name: string, args: readonly string[], watcher: RunWatcher): () => void {
    if (!this.#state.entries.has(name)) throw unknownEntry(name, [...this.#state.entries.keys()])
    const ticket = ++this.#tickets
    let isAsking = true
    let refusal: string | undefined
    const onNews = (news: RunNews) => {
      if (isAsking && news.type === 'refused') refusal = news.message
      else watcher.onNews(news)
    }
    this.#watchers.set(ticket, { onLine: watcher.onLine, onNews })
    this.#happen({ type: 'run', name, args, ticket })
    isAsking = false
    if (refusal !== undefined) throw new ServerError('ERR_CONTROL_REFUSED', refusal)
    return () => void this.#watchers.delete(ticket)
  }

  status(): CronStatus[] {
    return buildCronStatus(this.#state)
  }

  /**
   * Begins nothing more, and asks what runs to end; `isQuick` kills it. Asked twice, it is quick. Resolves when nothing runs any more and all
   * is written.
   */
  async stop(isQuick: boolean): Promise<void> {
    this.#happen({ type: 'stop', isQuick: isQuick || this.#state.isStopping })
    await this.#ended.promise
    await this.#record?.settled()
  }

  /** One event after the other: what comes of an action waits until all of them are begun. */
  #happen(event: CronEvent): void {
    this.#events.push(event)
    if (this.#isPlanning) return
    this.#isPlanning = true
    for (let next = this.#events.shift(); next; next = this.#events.shift()) {
      for (const action of planCron(this.#state, next, this.#moment())) this.#begin(action)
    }
    this.#isPlanning = false
    clearTimeout(this.#timer)
    if (this.#state.isStopping && this.#state.runs.size === 0) this.#ended.resolve()
    else this.#wait()
  }

  #moment(): Moment {
    const { clock } = this.#options
    return { now: clock.now(), date: clock.date().getTime() }
  }

  #wait(): void {
    const { entries, runs, lookAt } = this.#state
    if (entries.size + runs.size === 0) return
    this.#timer = setTimeout(() => this.#happen({ type: 'look' }), Math.max(1, lookAt - this.#options.clock.now()))
  }

  #begin(action: CronAction): void {
    switch (action.do) {
      case 'start':
        return this.#start(action.run, action.definition)
      case 'watch':
        return this.#watch(action.run)
      case 'signal':
        return this.#signal(action.run, action.signal)
      case 'log':
        return this.#options.log[action.level](action.event, action.fields)
      case 'tell':
        return this.#tell(action.ticket, action.news)
      case 'forget':
        return this.#options.output.forget(sourceOf(action.name))
      case 'save':
        return this.#record?.save(this.#state)
    }
  }

  #start(run: CronRun, definition: CronDefinition): void {
    const { id, ticket } = run
    const { output, files, clock } = this.#options
    const running = startCronProcess({
      source: sourceOf(definition.name),
      launch: () => definition.launch(run),
      stdout: definition.stdout,
      stderr: definition.stderr,
      output,
      files,
      clock,
      // Lines of a run that nobody has asked for are not taken apart.
      onLine: ticket === 0 ? undefined : (stream, text) => this.#watchers.get(ticket)?.onLine(stream, text),
      onMessage: message => this.#receive(message),
      onEnd: end => {
        this.#running.delete(id)
        this.#happen({ type: 'ended', id, end })
      },
    })
    if (!running) return
    this.#running.set(id, running)
    this.#happen({ type: 'started', id, pid: running.pid })
  }

  #signal({ id, pid }: CronRun, signal: NodeJS.Signals): void {
    const running = this.#running.get(id)
    // Asked to end, all of its group may take its time, also when the first of it is gone.
    if (running && signal !== 'SIGKILL') running.drain('stop', { stopSignal: signal, stopsGroup: true })
    else if (running) running.kill(signal)
    // It is none of ours.
    else if (pid !== undefined) signalGroup(pid, signal)
  }

  /** The kernel tells of the end of a process to its parent alone, and that one is gone. */
  #watch({ id, pid = 0 }: CronRun): void {
    const ticks = ticksAtStart(pid)
    const timer = setInterval(() => {
      if (ticksAtStart(pid) === ticks) return
      clearInterval(timer)
      signalGroup(pid, 'SIGKILL')
      const endedAt = this.#options.clock.now()
      this.#happen({ type: 'ended', id, end: { endedAt, code: null, signal: null, said: undefined } })
    }, watchEveryMs)
  }

  #receive(message: FromWorker): void {
    if (message.type === 'saola.wanted') this.#options.onWanted(message.service)
  }

  #tell(ticket: number, news: RunNews): void {
    const watcher = this.#watchers.get(ticket)
    if (news.type === 'refused' || news.type === 'ended') this.#watchers.delete(ticket)
    watcher?.onNews(news)
  }
}

function sourceOf(name: string): string {
  return `cron:${name}`
}

function unknownEntry(name: string, known: readonly string[]): ServerError {
  const meant = suggest(name, known)
  const hint = meant ? `did you mean ${meant}?` : known.length > 0 ? `there is ${known.join(', ')}.` : 'there is none.'
  return new ServerError('ERR_USAGE', `The section cron has no entry ${JSON.stringify(name)}, ${hint}`)
}
