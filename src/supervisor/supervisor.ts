/**
 * Keeps the fleet as the configuration asks. What to do is decided in plan/; here it is only begun, and what becomes
 * of it comes back as an event. So one slow drain or one slow disk never delays the next signal.
 */
import type { Clock } from '../base/clock.ts'
import { messageOf, ServerError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { FromWorker, StackReply } from '../ipc/messages.ts'
import type { ReloadOutcome, TreeStatus } from '../ipc/status.ts'
import {
  type AppDefinition,
  type ChildDefinition,
  isApp,
  type LogFile,
  type ServiceDefinition,
} from './app-definition.ts'
import { type RunningChild, startChild } from './child-process.ts'
import { Definitions } from './definitions.ts'
import { Dispatch } from './dispatch.ts'
import { EventQueue } from './event-queue.ts'
import { type Child, createFleet, type Fleet, type GroupSpec, nameOf } from './fleet.ts'
import type { OpenFiles } from './output/open-files.ts'
import type { Output } from './output/output.ts'
import type { RotatingFile } from './output/rotating-file.ts'
import { endsWithin } from './output/sink.ts'
import { nextTickMs, plan } from './plan/plan.ts'
import { isEnding } from './plan/spawn.ts'
import { stopping } from './plan/stop.ts'
import type { Action, FleetEvent } from './plan/turn.ts'
import { SocketSet } from './socket-set.ts'
import { stackText, whereOf } from './stack-text.ts'
import { buildStatus, findFailure } from './status.ts'

export interface SupervisorOptions {
  readonly name: string
  readonly version: string
  readonly configFile: string | undefined
  readonly apps: readonly AppDefinition[]
  readonly services: readonly ServiceDefinition[]
  readonly cwd: string
  readonly clock: Clock
  readonly log: Log
  readonly output: Output
  /** The log files of children and of access logs, one writer each. */
  readonly files: OpenFiles
  /** An application serves for the first time. */
  onServing(app: AppDefinition, listen: readonly string[]): void
  /** Every worker that should run does. */
  onReady(): void
}

/** How an operation ended. */
export interface Outcome {
  readonly ok: boolean
  readonly message: string
}

const stackWaitMs = 2_000
const lastWordsMs = 2_000
const stopped = 'The tree has stopped.'

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #fleet: Fleet
  readonly #events = new EventQueue<FleetEvent>()
  readonly #running = new Map<number, RunningChild>()
  readonly #dispatch = new Dispatch()
  readonly #sockets = new SocketSet()
  readonly #definitions = new Definitions()
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()
  readonly #stacks = new Map<number, (reply: StackReply) => void>()
  /** What is still read of children, also of those that have ended. */
  readonly #streams = new Set<Promise<unknown>>()
  readonly #startedAt: number
  #ticket = 0
  #exitCode = 0
  #listenFailure: string | undefined
  #lastReload: ReloadOutcome | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
    this.#fleet = createFleet(this.#startedAt)
  }

  /**
   * Binds every address. Nothing is started yet.
   *
   * @throws {ServerError} when one of them cannot be had; then none is held.
   */
  async open(): Promise<void> {
    const { apps, services } = this.#options
    await this.#sockets.open(apps)
    this.#definitions.add(apps, services)
  }

  /** Runs the tree to its end, and returns the exit code: 0 after a stop, 1 when it never came to serve. */
  async run(): Promise<number> {
    const { clock, apps, services } = this.#options
    this.#events.push({ type: 'start', specs: specsOf(apps, services) })
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
      labelOf: key => this.#sockets.label(key),
      dropped: source => output.dropped(source),
    })
  }

  stop(isQuick: boolean): void {
    this.#events.push({ type: 'stop', isQuick })
  }

  /** Stops workers, `web`, `web:1` or `all`, until they are restarted. */
  halt(target: string): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'halt', ticket, target }))
  }

  scale(target: string, workers: number): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'scale', ticket, target, workers }))
  }

  /** Replaces workers one after the other, with the configuration that they have; starts those that were stopped. */
  restart(target: string): Promise<Outcome> {
    return this.#ask(ticket => ({ type: 'restart', ticket, target }))
  }

  /**
   * Replaces every worker by one of the new definitions, one after the other. The new addresses are bound first. Of services,
   * those are started that start with the tree and do not run yet.
   *
   * @throws {ServerError} when one of them cannot be had; then nothing was changed.
   */
  async reload(apps: readonly AppDefinition[], services: readonly ServiceDefinition[]): Promise<ReloadOutcome> {
    const startedAt = this.#options.clock.now()
    // It has waited for its turn, and the stop came first: no address is to be bound any more.
    if (isEnding(this.#fleet)) return this.noteReload({ ok: false, message: stopping }, startedAt)
    await this.#sockets.open(apps)
    this.#definitions.add(apps, services)
    const outcome = await this.#ask(ticket => ({ type: 'reload', ticket, specs: specsOf(apps, services) }))
    this.#forgetUnused()
    return this.noteReload(outcome, startedAt)
  }

  /** Keeps for `status` how a reload ended: one that was refused before it came to the workers, too. */
  noteReload({ ok, message }: Outcome, startedAt: number): ReloadOutcome {
    const { clock } = this.#options
    const durationMs = Math.round(clock.now() - startedAt)
    const { generation } = this.#fleet
    this.#lastReload = { ok, message, generation, at: clock.date().toISOString(), durationMs }
    return this.#lastReload
  }

  /** The stack of a worker's main thread, whether it is blocked or not. */
  async stack(target: string): Promise<{ pid: number; stack: string }> {
    const child = [...this.#fleet.children.values()].find(
      child => nameOf(child) === target && child.state !== 'STOPPING',
    )
    const running = child && this.#running.get(child.id)
    if (!child || !running) throw new ServerError('ERR_CONTROL_REFUSED', `No worker ${target} runs here.`)
    // Beside the ids of children, which use their own for the stack that precedes a kill.
    const id = -++this.#ticket
    const { promise, resolve } = Promise.withResolvers<StackReply | undefined>()
    const timer = setTimeout(resolve, stackWaitMs, undefined)
    this.#stacks.set(id, resolve)
    running.askStack(id)
    const reply = await promise
    clearTimeout(timer)
    this.#stacks.delete(id)
    if (!reply || reply.error !== undefined) {
      throw new ServerError('ERR_CONTROL_REFUSED', `${target} gave no stack: ${reply?.error ?? 'no answer'}.`)
    }
    return { pid: running.pid, stack: stackText(reply.frames, this.#options.cwd) }
  }

  #ask(event: (ticket: number) => FleetEvent): Promise<Outcome> {
    if (this.#fleet.phase === 'ended') return Promise.resolve({ ok: false, message: stopped })
    const ticket = ++this.#ticket
    return new Promise(resolve => {
      this.#waiting.set(ticket, resolve)
      this.#events.push(event(ticket))
    })
  }

  #begin(action: Exclude<Action, { do: 'exit' }>): void {
    switch (action.do) {
      case 'spawn':
        return this.#spawn(action.child)
      case 'drain':
        this.#dispatch.dismiss(action.child)
        this.#running.get(action.child.id)?.send({ type: 'saola.drain', reason: action.reason })
        return
      case 'kill':
        this.#dispatch.dismiss(action.child)
        this.#running.get(action.child.id)?.kill(action.signal)
        return
      case 'ask-stack':
        this.#dispatch.dismiss(action.child)
        this.#running.get(action.child.id)?.askStack(action.child.id)
        return
      case 'log':
        this.#options.log[action.level](action.event, action.fields)
        return
      case 'settle':
        this.#waiting.get(action.ticket)?.(action)
        this.#waiting.delete(action.ticket)
        return
      case 'announce':
        return this.#announce(action.group)
      case 'tree-ready':
        this.#options.onReady()
    }
  }

  #spawn(child: Child): void {
    const { id } = child
    try {
      const definition = this.#definitions.of(child)
      if (!definition) throw new Error(`revision ${child.revision} of ${child.group} is gone`)
      const sockets = isApp(definition) ? this.#sockets.of(definition) : []
      const running = startChild(definition.launch({ index: child.index, generation: child.generation, sockets }), {
        message: message => this.#receive(child, message),
        stack: reply => this.#receiveStack(child, reply),
        exit: (code, signal, stderr) => {
          this.#running.delete(id)
          this.#dispatch.gone(child)
          void stderr.then(stderr => this.#events.push({ type: 'exited', id, code, signal, stderr }))
        },
      })
      this.#running.set(id, running)
      this.#attachOutput(child, running, definition)
      this.#events.push({ type: 'spawned', id, pid: running.pid })
    } catch (error) {
      this.#events.push({ type: 'spawn-failed', id, message: messageOf(error) })
    }
  }

  #attachOutput(child: Child, running: RunningChild, definition: ChildDefinition): void {
    const { output } = this.#options
    const source = nameOf(child)
    this.#into(definition.stdout, file => output.attach(source, 'stdout', running.stdout, file))
    this.#into(definition.stderr, file => output.attach(source, 'stderr', running.stderr, file))
    if (isApp(definition)) this.#into(definition.accessLog, file => output.access(source, running.accessLog, file))
    else running.accessLog.resume()
  }

  /** Holds a log file open for as long as the stream runs that goes into it. */
  #into(to: LogFile | undefined, run: (file: RotatingFile | undefined) => Promise<void>): void {
    const { files } = this.#options
    const file = to && files.get(to.file, to)
    const written = run(file).then(() => file && files.release(file))
    this.#streams.add(written)
    void written.finally(() => this.#streams.delete(written))
  }

  #receive(child: Child, message: FromWorker): void {
    const { id } = child
    switch (message.type) {
      case 'saola.ready':
        this.#events.push({ type: 'ready', id, bootMs: message.bootMs })
        return
      case 'saola.boot-failed':
        this.#events.push({ type: 'boot-failed', id, message: message.message, stack: message.stack })
        return
      case 'saola.last-words':
        this.#events.push({ type: 'last-words', id, message: message.message })
        return
      case 'saola.recycle':
        this.#events.push({ type: 'retire', id, reason: message.reason })
        return
      case 'saola.beat':
        this.#events.push({ type: 'beat', id, beat: message.beat })
        this.#dispatch.loaded(child, message.beat.connections)
        return
      case 'saola.load':
        return this.#dispatch.loaded(child, message.connections)
      case 'saola.accepted':
        return this.#dispatch.accepted(child)
      case 'saola.released':
        return this.#dispatch.released(child)
      case 'saola.listener-wanted':
        return this.#sendListener(child, message.index)
      case 'saola.wanted': {
        const spec = this.#definitions.serviceNamed(message.service)
        if (spec) this.#events.push({ type: 'wanted', spec })
      }
    }
  }

  #sendListener(child: Child, index: number): void {
    const app = this.#definitions.appOf(child)
    const socket = app && this.#sockets.of(app)[index]
    const handle = socket?.handle()
    const running = this.#running.get(child.id)
    if (handle) running?.send({ type: 'saola.listener', index }, handle, true)
    else if (child.state === 'STARTING') {
      // It would wait for the copy until its time is over, and nobody learned why.
      const message = `Cannot listen on ${socket?.label} (no copy of the socket can be made).`
      this.#events.push({ type: 'boot-failed', id: child.id, message, stack: '' })
      running?.kill('SIGKILL')
    }
  }

  #receiveStack(child: Child, reply: StackReply): void {
    const waiting = this.#stacks.get(reply.id)
    if (waiting) return waiting(reply)
    const { cwd } = this.#options
    const where = whereOf(reply.frames, cwd)
    this.#events.push({ type: 'stack', id: child.id, where, stack: stackText(reply.frames, cwd) })
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
    if (app)
      this.#options.onServing(
        app,
        this.#sockets.of(app).map(socket => socket.label),
      )
  }

  /** After a reload: closes what no group uses any more. */
  #forgetUnused(): void {
    this.#sockets.keepOnly(this.#definitions.forgetUnused(this.#fleet))
    this.#dispatch.keepOnly(this.#fleet.groups)
  }

  async #end(code: number): Promise<number> {
    // The last words of the children; a grandchild that escaped its group may hold a pipe open for ever.
    await endsWithin(Promise.all(this.#streams), lastWordsMs)
    this.#dispatch.close()
    this.#sockets.close()
    for (const settle of this.#waiting.values()) settle({ ok: false, message: stopped })
    return code
  }
}

/** Of all that starts with the tree; the applications first, since the first of them may have begun already: see early-child.ts. */
function specsOf(apps: readonly AppDefinition[], services: readonly ServiceDefinition[]): GroupSpec[] {
  return [...apps, ...services.filter(({ starts }) => starts === 'with the tree')].map(({ spec }) => spec)
}
