/**
 * Keeps the fleet as the configuration asks. What to do is decided in plan/; here it is only begun, and what becomes
 * of it comes back as an event. So one slow drain or one slow disk never delays the next signal.
 */
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { ReloadOutcome, StateChange, TreeStatus } from '../ipc/status.ts'
import {
  type AppDefinition,
  type ChildDefinition,
  isListening,
  isProgram,
  type ProgramDefinition,
} from './app-definition.ts'
import { type RunningChild, startChild } from './child-process.ts'
import { Definitions, specsOf, type TreeDefinitions } from './definitions.ts'
import { Dispatch } from './dispatch.ts'
import { EventQueue } from './event-queue.ts'
import { Figures } from './figures.ts'
import { type Child, createFleet, type Fleet, nameOf } from './fleet.ts'
import { listenElsewhere } from './listen-elsewhere.ts'
import { ChildOutput, targetsOf } from './output/child-output.ts'
import type { OpenFiles } from './output/open-files.ts'
import type { Output } from './output/output.ts'
import { nextTickMs, plan } from './plan/plan.ts'
import { isEnding } from './plan/spawn.ts'
import { stopping } from './plan/stop.ts'
import type { Action, FleetEvent, Outcome } from './plan/turn.ts'
import { ProgramNotes } from './program-notes.ts'
import { ProgramWatches } from './program-watches.ts'
import { Questions, type WorkerAnswer } from './questions.ts'
import { SocketSet } from './socket-set.ts'
import { buildStatus, findFailure } from './status.ts'
import { Tickets } from './tickets.ts'
import { WatchThreads } from './watch-threads.ts'
import { WorkerMessages } from './worker-messages.ts'

export interface SupervisorOptions {
  readonly name: string
  readonly version: string
  readonly configFile: string | undefined
  readonly definitions: TreeDefinitions
  readonly cwd: string
  /** Where it notes which programs run, for a start after it was killed. */
  readonly notesFolder: string
  readonly clock: Clock
  readonly log: Log
  readonly output: Output
  /** The log files of children and of access logs, one writer each. */
  readonly files: OpenFiles
  /** An application serves for the first time. */
  onServing(app: AppDefinition, listen: readonly string[]): void
  /** Every worker that should run does. */
  onReady(): void
  /** A process, or the place where one was, has changed its state. */
  onStateChange(change: StateChange): void
}

const lastWordsMs = 2_000

export class Supervisor {
  /** What its workers have done. */
  readonly figures: Figures
  /** Stacks, profiles and heap snapshots of its workers. */
  readonly watchThreads: WatchThreads
  readonly #options: SupervisorOptions
  readonly #fleet: Fleet
  readonly #events = new EventQueue<FleetEvent>()
  readonly #running = new Map<number, RunningChild>()
  readonly #dispatch = new Dispatch()
  readonly #sockets = new SocketSet()
  readonly #definitions = new Definitions()
  readonly #questions = new Questions()
  readonly #tickets = new Tickets()
  readonly #watches = new ProgramWatches(this.#events)
  readonly #notes: ProgramNotes
  readonly #messages: WorkerMessages
  /** What is still read of children, also of those that have ended. */
  readonly #childOutput: ChildOutput
  readonly #startedAt: number
  #exitCode = 0
  #listenFailure: string | undefined
  #lastReload: ReloadOutcome | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#childOutput = new ChildOutput(options)
    this.#notes = new ProgramNotes(options.notesFolder, options.log)
    this.#startedAt = options.clock.now()
    this.#fleet = createFleet(this.#startedAt)
    this.figures = new Figures({ fleet: this.#fleet, definitions: this.#definitions, sockets: this.#sockets })
    this.#messages = new WorkerMessages({
      log: options.log,
      fleet: this.#fleet,
      events: this.#events,
      dispatch: this.#dispatch,
      sockets: this.#sockets,
      definitions: this.#definitions,
      questions: this.#questions,
      figures: this.figures,
      running: id => this.#running.get(id),
      want: service => this.want(service),
    })
    this.watchThreads = new WatchThreads({
      cwd: options.cwd,
      log: options.log,
      fleet: this.#fleet,
      events: this.#events,
      running: id => this.#running.get(id),
    })
  }

  /**
   * Binds every address. Nothing is started yet.
   *
   * @throws {ServerError} when one of them cannot be had; then none is held.
   */
  async open(): Promise<void> {
    await this.#adopt(this.#options.definitions)
  }

  /** Binds what is new. Programs find their sockets listening. */
  async #adopt(definitions: TreeDefinitions): Promise<void> {
    const { apps, programs, services } = definitions
    const opened = await this.#sockets.open([...apps, ...programs, ...services.filter(isListening)])
    try {
      const sockets = programs.flatMap(program => this.#sockets.of(program))
      await listenElsewhere(sockets.filter(socket => opened.has(socket)))
    } catch (error) {
      this.#sockets.forget(opened)
      throw error
    }
    this.#definitions.add(definitions)
  }

  /** Runs the tree to its end, and returns the exit code: 0 after a stop, 1 when it never came to serve. */
  async run(): Promise<number> {
    const { clock, definitions } = this.#options
    this.#events.push({ type: 'start', specs: specsOf(definitions) })
    for (;;) {
      const event = (await this.#events.next(nextTickMs(this.#fleet, clock.now()))) ?? { type: 'tick' }
      for (const action of plan(this.#fleet, event, clock.now())) {
        if (action.do === 'exit') return this.#end(action.code || this.#exitCode)
        this.#begin(action)
      }
      if (event.type === 'ready') this.#admit(event.id)
    }
  }

  get name(): string {
    return this.#options.name
  }

  get generation(): number {
    return this.#fleet.generation
  }

  /** Why it never came to serve, of a tree that has ended so. */
  get failure(): string {
    return this.#listenFailure ?? findFailure(this.#fleet) ?? 'No worker became ready.'
  }

  status(): TreeStatus {
    const { name, version, configFile, clock, output } = this.#options
    return buildStatus({
      name,
      version,
      configFile,
      clock,
      startedAt: this.#startedAt,
      lastReload: this.#lastReload,
      fleet: this.#fleet,
      definition: group => this.#definitions.appOfGroup(group),
      labelsOf: app => this.#sockets.labels(app),
      dropped: source => output.dropped(source),
    })
  }

  /** Where a group really listens, address by address; empty when there is none of this name, or it listens nowhere. */
  labelsOf(name: string): readonly string[] {
    return this.#sockets.labels(this.#definitions.listeningOf(this.#fleet.groups.get(name)))
  }

  stop(isQuick: boolean): void {
    this.#events.push({ type: 'stop', isQuick })
  }

  /** Stops workers and programs, `web`, `web:1`, `redis` or `all`, until they are started again. */
  halt(target: string): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'halt', ticket, target }))
  }

  /** Stops all that serves requests or runs tasks; the programs that those need stay. */
  haltWorkers(): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'halt', ticket, target: 'all', spares: 'programs' }))
  }

  /** Starts what of it does not run: what was stopped, has ended or was given up. */
  start(target: string): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'start-places', ticket, target }))
  }

  /** How many places a group has that can be scaled; 0 when there is none of this name. */
  places(group: string): number {
    return this.#fleet.groups.get(group)?.spec.workers ?? 0
  }

  scale(target: string, workers: number): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'scale', ticket, target, workers }))
  }

  /** Replaces workers one after the other, with the configuration that they have; starts those that were stopped. */
  restart(target: string): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'restart', ticket, target }))
  }

  /**
   * Replaces every worker by one of the new definitions, one after the other, and the programs that are not what they were. The
   * new addresses are bound first. Of services, those are started that start with the tree and do not run yet.
   *
   * @throws {ServerError} when one of them cannot be had; then nothing was changed.
   */
  async reload(definitions: TreeDefinitions): Promise<ReloadOutcome> {
    const startedAt = this.#options.clock.now()
    // It has waited for its turn, and the stop came first: no address is to be bound any more.
    if (isEnding(this.#fleet)) return this.noteReload({ ok: false, message: stopping }, startedAt)
    await this.#adopt(definitions)
    const outcome = await this.#ask(ticket => ({ type: 'reload', ticket, specs: specsOf(definitions) }))
    this.#forgetUnused()
    return this.noteReload(outcome, startedAt)
  }

  /** What an application speaks TLS with has changed: its workers get it. */
  renewCredentials(app: string): void {
    for (const child of this.#fleet.children.values()) if (child.group === app) this.#messages.sendCredentials(child)
  }

  /** Keeps for `status` how a reload ended: one that was refused before it came to the workers, too. */
  noteReload({ ok, message }: Outcome, startedAt: number): ReloadOutcome {
    const { clock } = this.#options
    const durationMs = Math.round(clock.now() - startedAt)
    const { generation } = this.#fleet
    this.#lastReload = { ok, message, generation, at: clock.date().toISOString(), durationMs }
    return this.#lastReload
  }

  /** Somebody uses a service: one that starts when it is used does. */
  want(service: string): void {
    const spec = this.#definitions.serviceNamed(service)
    if (spec) this.#events.push({ type: 'wanted', spec })
  }

  /** Asks a step of the edge of all workers, or of those of one application. */
  askWorkers(step: string, question: unknown, app?: string): Promise<WorkerAnswer[]> {
    return this.#questions.ask(this.#fleet, id => this.#running.get(id), { step, question, app })
  }

  /** One operation more that waits for its turn, or one less: while there is any, none goes on only to wait for a program. */
  queue(by: 1 | -1): void {
    this.#events.push({ type: 'queued', by })
  }

  #ask(event: (ticket: number) => FleetEvent): Promise<Outcome> {
    return this.#tickets.open(ticket => this.#events.push(event(ticket)))
  }

  #begin(action: Exclude<Action, { do: 'exit' }>): void {
    switch (action.do) {
      case 'spawn':
        return this.#spawn(action.child)
      case 'drain':
        this.#dispatch.dismiss(action.child)
        this.#watches.end(action.child.id)
        this.figures.asked(action.child)
        this.#running.get(action.child.id)?.drain(action.reason, action.program)
        return
      case 'serves':
        this.#running.get(action.child.id)?.serves()
        this.figures.started(action.child)
        this.#watches.serves(action.child.id)
        return
      case 'state':
        return this.#tellState(action)
      case 'kill':
        this.#dispatch.dismiss(action.child)
        this.#running.get(action.child.id)?.kill(action.signal)
        return
      case 'ask-stack':
        this.#dispatch.dismiss(action.child)
        this.#running.get(action.child.id)?.askWatch({ type: 'stack', id: action.child.id })
        return
      case 'log':
        this.#options.log[action.level](action.event, action.fields)
        return
      case 'settle':
        return this.#tickets.settle(action.ticket, action)
      case 'announce':
        return this.#announce(action.group)
      case 'forget':
        return this.#forgetUnused()
      case 'tree-ready':
        this.#options.onReady()
    }
  }

  /** A process that has just begun is not known to the plan by its number yet. */
  #tellState({ id, change }: Action & { do: 'state' }): void {
    const pid = change.pid ?? (id === undefined ? undefined : this.#running.get(id)?.pid)
    this.#options.onStateChange({ ...change, pid })
  }

  #spawn(child: Child): void {
    const { id } = child
    try {
      const definition = this.#definitions.of(child)
      if (!definition) throw new Error(`revision ${child.revision} of ${child.group} is gone`)
      const running = isProgram(definition)
        ? this.#startProgram(child, definition)
        : this.#startWorker(child, definition)
      this.#running.set(id, running)
      if (isProgram(definition)) this.#watches.begin(child, running, definition)
      this.#childOutput.attach(nameOf(child), running, targetsOf(definition, child.index))
      this.#events.push({ type: 'spawned', id, pid: running.pid, at: this.#options.clock.now() })
    } catch (error) {
      this.#events.push({ type: 'spawn-failed', id, message: messageOf(error) })
    }
  }

  #startWorker(child: Child, definition: ChildDefinition): RunningChild {
    const sockets = isListening(definition) ? this.#sockets.of(definition) : []
    return startChild(definition.launch({ ...child, sockets }), {
      message: message => this.#messages.receive(child, message),
      watch: reply => this.watchThreads.receive(child, reply),
      exit: (...how) => this.#onExit(child, ...how),
    })
  }

  #startProgram(child: Child, definition: ProgramDefinition): RunningChild {
    const sockets = this.#sockets.of(definition)
    const launch = definition.launch({ ...child, sockets })
    return this.#notes.start(child, definition.spec, launch, { exit: (...how) => this.#onExit(child, ...how) })
  }

  #onExit(child: Child, code: number | null, signal: string | null, stderr: Promise<string>): void {
    const { id } = child
    this.#running.delete(id)
    this.#watches.end(id)
    this.watchThreads.gone(id)
    this.#dispatch.gone(child)
    this.figures.ended(child)
    this.#events.push({ type: 'gone', id })
    void stderr.then(stderr => this.#events.push({ type: 'exited', id, code, signal, stderr }))
  }

  /** The plan has accepted the worker as ready: connections may go to it. */
  #admit(id: number): void {
    const child = this.#fleet.children.get(id)
    const running = this.#running.get(id)
    const app = child && this.#definitions.appOf(child)
    if (!app || !running || child.state !== 'RUNNING') return
    this.#dispatch.admit(child, running, app, this.#sockets.of(app)).catch(error => {
      // Only here does the system say that an address was taken meanwhile. A tree that cannot be reached is none, but one
      // that served before a reload serves on.
      this.#options.log.error('listen.failed', { error: messageOf(error) })
      if (this.#fleet.generation > 1) return
      this.#listenFailure = messageOf(error)
      this.#exitCode = 1
      this.stop(false)
    })
  }

  #announce(name: string): void {
    const group = this.#fleet.groups.get(name)
    const app = group && this.#definitions.appOfGroup(group)
    const labels = app && this.#sockets.of(app).map(socket => socket.label)
    if (app && labels) this.#options.onServing(app, labels)
  }

  /** After a reload: closes what no group uses any more. */
  #forgetUnused(): void {
    this.#sockets.keepOnly(this.#definitions.forgetUnused(this.#fleet))
    this.#dispatch.keepOnly(this.#fleet.groups)
    this.figures.forgetUnused()
  }

  async #end(code: number): Promise<number> {
    this.#tickets.close()
    await this.#childOutput.ended(lastWordsMs)
    this.#dispatch.close()
    this.#sockets.close()
    return code
  }
}
