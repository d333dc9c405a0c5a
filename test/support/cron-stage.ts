/** Entries of `cron` on a clock that the test sets, without a process. */
import type { CronDefinition } from '../../src/programs/cron/cron-definition.ts'
import { type CronEntry, type CronRun, type CronState, createCron } from '../../src/programs/cron/cron-state.ts'
import { planCron } from '../../src/programs/cron/plan/plan-cron.ts'
import type { CronAction, CronEvent, Moment } from '../../src/programs/cron/plan/turn.ts'
import type { RunEnd } from '../../src/programs/cron/run-end.ts'

/** Each minute, in UTC, but for what is given. */
export function cronDefinition(given: Partial<CronDefinition> = {}): CronDefinition {
  return {
    name: 'job',
    schedule: '* * * * *',
    timeZone: 'UTC',
    catchUp: 'none',
    overlap: 'skip',
    timeoutMs: 0,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    successExitCodes: [0],
    stdout: undefined,
    stderr: undefined,
    launch: () => {
      throw new Error('Nothing is started on a stage.')
    },
    ...given,
  }
}

export class CronStage {
  readonly state: CronState
  readonly #now = { now: 0, date: 0 }
  #pids = 100
  #actions: CronAction[] = []

  /** Begins at this time, with an empty configuration. */
  constructor(at: string, { fires = true }: { readonly fires?: boolean } = {}) {
    this.#now.date = Date.parse(at)
    this.state = createCron({ fires, now: 0 })
  }

  get moment(): Moment {
    return this.#now
  }

  /** A reload, or the start. */
  configure(...definitions: readonly CronDefinition[]): void {
    this.happen({ type: 'configure', definitions })
  }

  /** What follows is begun: each process that is to start does, and has a pid. */
  happen(event: CronEvent): void {
    const events = [event]
    for (let next = events.shift(); next; next = events.shift()) {
      const actions = planCron(this.state, next, this.moment)
      this.#actions.push(...actions)
      for (const action of actions) {
        if (action.do === 'start') events.push({ type: 'started', id: action.run.id, pid: ++this.#pids })
      }
    }
  }

  /** So long the process goes on, and looks whenever it wants to. */
  pass(ms: number): void {
    const until = this.moment.now + ms
    while (this.state.lookAt <= until) {
      this.#advance(this.state.lookAt - this.moment.now)
      this.happen({ type: 'look' })
    }
    this.#advance(until - this.moment.now)
  }

  /** So long the process stands still (SIGSTOP), and then looks. */
  freeze(ms: number): void {
    this.#advance(ms)
    this.happen({ type: 'look' })
  }

  /** Somebody sets the date, or the machine has slept, in which the other clock stands still. */
  setDate(at: string): void {
    this.#now.date = Date.parse(at)
  }

  entry(name = 'job'): CronEntry {
    const entry = this.state.entries.get(name)
    if (!entry) throw new Error(`There is no ${name}.`)
    return entry
  }

  /** Those under way. */
  runs(name = 'job'): CronRun[] {
    return [...this.state.runs.values()].filter(({ rules }) => rules.name === name)
  }

  /** Ends the oldest run of an entry. */
  end(end: Partial<RunEnd> = {}, name = 'job'): void {
    const [run] = this.runs(name)
    if (!run) throw new Error(`No run of ${name} is under way.`)
    const ended: RunEnd = { endedAt: this.moment.now, code: 0, signal: null, said: undefined, ...end }
    this.happen({ type: 'ended', id: run.id, end: ended })
  }

  /** What was begun since the last time, without what is only told to the disk: `start job 02:30:00`, `signal job SIGTERM`. */
  take(): string[] {
    const taken = this.#actions.flatMap(textOf)
    this.#actions = []
    return taken
  }

  /** The names of the events that were logged since then, and take() forgets the rest, too. */
  takeLog(): string[] {
    const logged = this.#actions.flatMap(action => (action.do === 'log' ? `${action.level} ${action.event}` : []))
    this.#actions = []
    return logged
  }

  #advance(ms: number): void {
    this.#now.now += ms
    this.#now.date += ms
  }
}

function textOf(action: CronAction): string[] {
  switch (action.do) {
    case 'start':
      return [`start ${action.run.rules.name} ${timeOf(action.run.scheduledAt)}`]
    case 'watch':
      return [`watch ${action.run.rules.name} ${action.run.pid}`]
    case 'signal':
      return [`signal ${action.run.rules.name} ${action.signal}`]
    case 'tell':
      return action.ticket === 0 ? [] : [`tell ${action.ticket} ${action.news.type}`]
    case 'forget':
      return [`forget ${action.name}`]
    default:
      return []
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}
