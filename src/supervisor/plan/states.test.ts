/**
 * Whatever happens in whatever order: what is told of processes and places is all that happens to them, once, and each change
 * begins where the one before it has ended. The processes here are played.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { spec } from '../../../test/support/plan-stage.ts'
import { ToldStates } from '../../../test/support/told-states.ts'
import type { Dependency, GroupSpec, ProgramRules } from '../fleet.ts'
import { type Child, createFleet } from '../fleet.ts'
import { plan } from './plan.ts'
import type { Action, FleetEvent } from './turn.ts'

const rules: ProgramRules = {
  autostart: true,
  restart: 'on-failure',
  successExitCodes: [0],
  priority: 999,
  isProbed: false,
  stopSignal: 'SIGTERM',
  stopsGroup: true,
}

interface ProgramParts {
  readonly workers?: number
  readonly dependsOn?: Readonly<Record<string, Dependency>>
  readonly rules?: Partial<ProgramRules>
  readonly fingerprint?: string
}

function program(
  name: string,
  { workers = 1, dependsOn = {}, rules: own = {}, fingerprint = '1' }: ProgramParts = {},
): GroupSpec {
  return {
    ...spec,
    kind: 'program',
    name,
    workers,
    timeoutMs: 0,
    dependsOn,
    hardBytes: 1e9,
    softBytes: 5e8,
    fingerprint,
    program: { ...rules, ...own },
  }
}

const store: GroupSpec = { ...spec, kind: 'store', name: 'store', workers: 1, timeoutMs: 0 }

/** What a process does once it was started. */
interface Fate {
  readonly boot: 'ready' | 'ready late' | 'never ready' | 'says why' | 'cannot be started'
  /** Ends so long after its start. */
  readonly endsAfterMs: number | undefined
  readonly code: number | null
  /** Does not answer when it is asked to end, and has to be killed. */
  readonly isStubborn: boolean
}

const fates = fc.record({
  boot: fc.constantFrom('ready', 'ready', 'ready', 'ready late', 'never ready', 'says why', 'cannot be started'),
  endsAfterMs: fc.constantFrom(undefined, undefined, 0, 300, 1_500, 9_000),
  code: fc.constantFrom(0, 1, null),
  isStubborn: fc.constantFrom(false, false, true),
}) as fc.Arbitrary<Fate>

/** What is asked for, or happens to one of those that run. */
type Wish =
  | { readonly ask: 'reload'; readonly specs: readonly GroupSpec[] }
  | { readonly ask: 'restart' | 'halt' | 'start-places' | 'halt-workers'; readonly target: string }
  | { readonly ask: 'scale'; readonly target: string; readonly workers: number }
  | { readonly ask: 'retire' | 'unhealthy' | 'hog' | 'hang'; readonly which: number }
  | { readonly ask: 'want-store' | 'stop' }

const restarts = fc.constantFrom<ProgramRules['restart']>('always', 'on-failure', 'never')
const workers = fc.integer({ min: 1, max: 3 })
const versions = fc.constantFrom('1', '2')

const configurations = fc
  .record({
    web: fc.boolean(),
    tasks: fc.boolean(),
    cache: fc.boolean(),
    workers,
    fingerprint: versions,
    restart: restarts,
  })
  .map(({ web, tasks, cache, workers, fingerprint, restart }): readonly GroupSpec[] => [
    ...(web ? [{ ...spec, workers, dependsOn: { db: 'started' } as const }] : []),
    ...(tasks ? [{ ...spec, kind: 'tasks' as const, name: 'tasks:io' }] : []),
    program('db', { fingerprint, rules: { restart } }),
    program('api', { workers, dependsOn: { db: 'ready' }, rules: { isProbed: true, restart } }),
    ...(cache ? [program('cache', { dependsOn: { once: 'completed' }, fingerprint, rules: { priority: 5 } })] : []),
    program('once', { rules: { restart: 'never', priority: 5 } }),
    program('asked', { rules: { autostart: false } }),
  ])

const targets = fc.constantFrom(
  'all',
  'web',
  'web:1',
  'tasks:io',
  'db',
  'api',
  'api:1',
  'cache',
  'once',
  'asked',
  'store',
)
const wishes: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ask: fc.constant('reload' as const), specs: configurations }) },
  {
    weight: 8,
    arbitrary: fc.record({
      ask: fc.constantFrom('restart' as const, 'halt' as const, 'start-places' as const, 'halt-workers' as const),
      target: targets,
    }),
  },
  { weight: 2, arbitrary: fc.record({ ask: fc.constant('scale' as const), target: targets, workers }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ask: fc.constantFrom('retire' as const, 'unhealthy' as const, 'hog' as const, 'hang' as const),
      which: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ ask: fc.constantFrom('want-store' as const, 'stop' as const) }) },
)
const steps = fc.array(fc.record({ wish: wishes, thenMs: fc.constantFrom(0, 0, 300, 1_000, 4_000, 20_000) }), {
  maxLength: 15,
})

/** Plays processes by their fates, and holds what is told against the fleet after every turn. */
class Play {
  now = 0
  readonly fleet = createFleet(0)
  readonly told = new ToldStates()
  /** Who has asked and was not answered yet. */
  readonly open = new Set<number>()
  readonly #fates: readonly Fate[]
  readonly #lives = new Map<number, Fate>()
  readonly #silent = new Set<number>()
  #due: { readonly at: number; readonly event: FleetEvent }[] = []
  #begun = 0
  #tickets = 0

  constructor(fates: readonly Fate[], specs: readonly GroupSpec[]) {
    this.#fates = fates
    this.happen({ type: 'start', specs })
  }

  happen(event: FleetEvent): void {
    if ('id' in event && !this.fleet.children.has(event.id)) return
    const actions = plan(this.fleet, event, this.now, () => 0.5)
    for (const action of actions) if (action.do === 'state') this.told.take(action.id, action.change)
    this.told.check(this.fleet)
    const next = actions.flatMap(action => this.#follow(action))
    for (const each of next) this.happen(each)
  }

  wish(wish: Wish): void {
    const ticket = ++this.#tickets
    if ('target' in wish || wish.ask === 'reload') this.open.add(ticket)
    switch (wish.ask) {
      case 'reload':
        return this.happen({ type: 'reload', ticket, specs: wish.specs })
      case 'restart':
      case 'halt':
      case 'start-places':
        return this.happen({ type: wish.ask, ticket, target: wish.target })
      case 'halt-workers':
        return this.happen({ type: 'halt', ticket, target: wish.target, spares: 'programs' })
      case 'scale':
        return this.happen({ type: 'scale', ticket, target: wish.target, workers: wish.workers })
      case 'want-store':
        return this.happen({ type: 'wanted', spec: store })
      case 'stop':
        return this.happen({ type: 'stop', isQuick: ticket % 2 === 0 })
      default:
        return this.#befall(wish.ask, wish.which)
    }
  }

  pass(ms: number): void {
    const end = this.now + ms
    while (this.now < end && this.fleet.phase !== 'ended') {
      this.now = Math.min(end, this.now + 250)
      const now = this.#due.filter(({ at }) => at <= this.now)
      this.#due = this.#due.filter(({ at }) => at > this.now)
      for (const { event } of now) this.happen(event)
      for (const child of this.#running()) if (!this.#silent.has(child.id)) this.#beat(child, 5e7)
      this.happen({ type: 'tick' })
    }
  }

  #befall(what: 'retire' | 'unhealthy' | 'hog' | 'hang', which: number): void {
    const running = this.#running().filter(({ kind }) => what !== 'unhealthy' || kind === 'program')
    const child = running[which % running.length]
    if (!child) return
    if (what === 'hang') this.#silent.add(child.id)
    else if (what === 'hog') this.#beat(child, 2e9)
    else this.happen({ type: what, id: child.id, reason: what })
  }

  #running(): Child[] {
    return [...this.fleet.children.values()].filter(child => child.state === 'RUNNING')
  }

  #beat({ id }: Child, rssBytes: number): void {
    const rest = { loopDelayMs: 0, utilization: 0, heapBytes: 0, cpuPercent: 0 }
    const beat = { ...rest, rssBytes, connections: 0, inFlight: 0, requests: 0, logDropped: 0 }
    this.happen({ type: 'beat', id, beat })
  }

  /** What becomes at once of what the plan asks for. */
  #follow(action: Action): FleetEvent[] {
    if (action.do === 'spawn') return this.#begin(action.child)
    if (action.do === 'drain' && !this.#lives.get(action.child.id)?.isStubborn) this.#end(action.child, 200, 0)
    if (action.do === 'kill') this.#end(action.child, 50, null)
    if (action.do === 'settle') assert.ok(this.open.delete(action.ticket), `${action.ticket} is answered once`)
    return []
  }

  #begin(child: Child): FleetEvent[] {
    const fate = this.#fates[this.#begun++ % this.#fates.length]
    const { id } = child
    if (!fate || fate.boot === 'cannot be started') return [{ type: 'spawn-failed', id, message: 'no such file' }]
    this.#lives.set(id, fate)
    const { boot, endsAfterMs, code } = fate
    if (boot === 'ready') this.#later(300, { type: 'ready', id, bootMs: 300 })
    if (boot === 'ready late') this.#later(4_000, { type: 'ready', id, bootMs: 4_000 })
    if (boot === 'says why' && child.kind !== 'program')
      this.#later(300, { type: 'boot-failed', id, message: 'no', stack: '' })
    if (endsAfterMs !== undefined) this.#end(child, endsAfterMs, code)
    return [{ type: 'spawned', id, pid: id }]
  }

  #end({ id }: Child, afterMs: number, code: number | null): void {
    this.#later(afterMs, { type: 'exited', id, code, signal: code === null ? 'SIGKILL' : null })
  }

  #later(afterMs: number, event: FleetEvent): void {
    this.#due.push({ at: this.now + afterMs, event })
  }
}

test('every change is told once, and begins where the one before it has ended', () => {
  fc.assert(
    fc.property(fc.array(fates, { minLength: 1, maxLength: 12 }), configurations, steps, (fates, specs, steps) => {
      const play = new Play(fates, specs)
      for (const { wish, thenMs } of steps) {
        play.wish(wish)
        play.pass(thenMs)
      }
      play.pass(30_000)
      play.wish({ ask: 'stop' })
      play.pass(120_000)
      assert.equal(play.fleet.phase, 'ended')
      assert.equal(play.fleet.children.size, 0)
      assert.deepEqual([...play.open], [])
    }),
    { numRuns: 150, seed: 20_260_101 },
  )
})
