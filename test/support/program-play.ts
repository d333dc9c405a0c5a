/**
 * Programs on a fleet without processes, with a clock that stands still until something is due: what happens, happens to the
 * millisecond. Whoever plays says what each process does.
 */
import type { StateChange } from '../../src/ipc/status.ts'
import { definePrograms } from '../../src/programs/define-program.ts'
import { type ProgramOptions, programOptions } from '../../src/programs/options.ts'
import { type Child, type GroupSpec, nameOf, type Slot } from '../../src/supervisor/fleet.ts'
import { nextTickMs } from '../../src/supervisor/plan/plan.ts'
import type { Action, FleetEvent } from '../../src/supervisor/plan/turn.ts'
import { Stage, spec } from './plan-stage.ts'
import type { Run } from './program-rows.ts'

/** Sections of `programs:` as a configuration has them. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What a tree makes of programs, in the order of the sections. */
export function programSpecs(sections: Sections, revision = 1): GroupSpec[] {
  const programs = Object.entries(sections).map(([name, section]): [string, ProgramOptions] => [
    name,
    programOptions.parse({ command: 'it', ...section }),
  ])
  return definePrograms(Object.fromEntries(programs), { revision, environment: {} }).map(({ spec }) => spec)
}

/** An application of two workers, which is ready a tenth of a second after its start, and ends as fast. */
export function appSpec(own: Partial<GroupSpec> = {}): GroupSpec {
  return { ...spec, timeoutMs: 0, ...own }
}

const bootMs = 100

interface Due {
  readonly at: number
  readonly event: FleetEvent
}

export interface ToldState extends StateChange {
  readonly at: number
}

/** What the process does that is the `nth` in its place, from 0. */
export type Behaviour = (child: Child, nth: number) => Run

const stays: Run = { does: 'stays' }

export class ProgramPlay {
  readonly stage = new Stage()
  /** Every change of a state that was told. */
  readonly states: ToldState[] = []
  readonly #behaviour: Behaviour
  readonly #onTurn: (actions: readonly Action[]) => void
  readonly #runs = new Map<number, Run>()
  readonly #begun = new Map<string, number>()
  #due: Due[] = []
  #seen = 0

  /** `onTurn` is given what was asked for, before any of it is played. */
  constructor(behaviour: Behaviour = () => stays, onTurn: (actions: readonly Action[]) => void = () => {}) {
    this.#behaviour = behaviour
    this.#onTurn = onTurn
  }

  happen(event: FleetEvent): void {
    // Who has ended already ends no second time.
    if ('id' in event && !this.stage.fleet.children.has(event.id)) return
    this.stage.happen(event)
    const { actions } = this.stage
    this.#onTurn(actions.slice(this.#seen))
    while (this.#seen < actions.length) this.#play(actions[this.#seen++] as Action)
  }

  /** Time passes, up to this moment. */
  passTo(ms: number): void {
    const { stage } = this
    while (stage.now < ms || this.#due.some(({ at }) => at <= ms)) {
      const next = Math.min(ms, stage.now + nextTickMs(stage.fleet, stage.now), ...this.#due.map(({ at }) => at))
      stage.now = next
      const events = this.#due.filter(({ at }) => at <= next)
      this.#due = this.#due.filter(({ at }) => at > next)
      for (const { event } of events) this.happen(event)
      this.happen({ type: 'tick' })
    }
  }

  pass(ms: number): void {
    this.passTo(this.stage.now + ms)
  }

  /** Ends a process by itself, `redis:0`, now: with a code, or by a signal. */
  end(name: string, how: number | string): void {
    this.happen(this.#endOf(this.living(name), how))
  }

  /** What `saola status` shows: `db:0 RUNNING, web:0 STOPPED` */
  shown(): string {
    const { groups, children } = this.stage.fleet
    const stateOf = (group: string, { child, index, emptyState }: Slot) =>
      (child ?? [...children.values()].find(other => other.group === group && other.index === index))?.state ??
      emptyState
    return [...groups.values()]
      .flatMap(({ spec: { name }, slots }) => slots.map(slot => `${name}:${slot.index} ${stateOf(name, slot)}`))
      .join(', ')
  }

  /** What was told since the last look: `db:0 STARTING`. */
  told(): string[] {
    return this.states.splice(0).map(({ name, to }) => `${name} ${to}`)
  }

  /** What was asked for since the last look, in words of the stage. */
  take(): string[] {
    this.#seen = 0
    return this.stage.take()
  }

  /** The answer to who has asked last. */
  answer(): [ok: boolean | undefined, message: string | undefined] {
    const { ok, message } = this.stage.settled().at(-1) ?? {}
    return [ok, message]
  }

  /** The reasons of all such events in the log. */
  logged(event: string): unknown[] {
    return this.stage.actions.flatMap(action =>
      action.do === 'log' && action.event === event ? action.fields.reason : [],
    )
  }

  living(name: string): Child {
    const child = [...this.stage.fleet.children.values()].find(child => nameOf(child) === name)
    if (!child) throw new Error(`${name} does not live`)
    return child
  }

  #play(action: Action): void {
    if (action.do === 'state') this.states.push({ ...action.change, at: this.stage.now })
    if (action.do === 'spawn') this.#begin(action.child)
    if (action.do === 'drain') this.#ask(action)
    if (action.do === 'kill') this.#end(action.child, 0, action.signal)
  }

  #begin(child: Child): void {
    const name = nameOf(child)
    const nth = this.#begun.get(name) ?? 0
    this.#begun.set(name, nth + 1)
    const run = this.#behaviour(child, nth)
    this.#runs.set(child.id, run)
    if (child.kind !== 'program') this.#later(bootMs, { type: 'ready', id: child.id, bootMs })
    if (run.does === 'ends') this.#end(child, run.seconds, run.how)
  }

  #ask({ child, program }: Action & { do: 'drain' }): void {
    const run = this.#runs.get(child.id)
    const signal = program?.stopSignal ?? 'SIGTERM'
    if (run?.does === 'ignores' && signal === 'SIGTERM') return
    if (run?.does === 'lingers') this.#end(child, run.seconds, run.code)
    else this.#end(child, 0, signal)
  }

  #end(child: Child, seconds: number, how: number | string): void {
    this.#later(seconds * 1_000, this.#endOf(child, how))
  }

  #endOf({ id }: Child, how: number | string): FleetEvent {
    const [code, signal] = typeof how === 'number' ? [how, null] : [null, how.replace(/^(SIG)?/, 'SIG')]
    return { type: 'exited', id, code, signal }
  }

  #later(ms: number, event: FleetEvent): void {
    this.#due.push({ at: this.stage.now + ms, event })
  }
}
