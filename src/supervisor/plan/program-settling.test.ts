/**
 * Whatever programs and their operators do in whatever order: nobody lives in a place twice, nobody begins or ends before those
 * that it is to wait for, who asks is answered, and a tree that was stopped ends. The processes here are played.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { appSpec, ProgramPlay, programSpecs, type Sections } from '../../../test/support/program-play.ts'
import type { Run } from '../../../test/support/program-rows.ts'
import { ToldStates } from '../../../test/support/told-states.ts'
import { type Child, type Dependency, type Fleet, type GroupSpec, nameOf } from '../fleet.ts'
import type { Action, FleetEvent } from './turn.ts'

// Each of five programs is tried again twice, one after the other, and is killed in the end.
const settleWithinMs = 5 * 3 * 20_000

const runs = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Run>({ does: 'stays' }) },
  { weight: 1, arbitrary: fc.constant<Run>({ does: 'ignores' }) },
  { weight: 2, arbitrary: fc.constant<Run>({ does: 'lingers', seconds: 1.5, code: 1 }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('ends' as const),
      seconds: fc.constantFrom(0, 0.3, 2, 7),
      how: fc.constantFrom(0, 1, 'KILL' as const),
    }),
  },
)

const names = ['a', 'b', 'c', 'd']
const dependency = fc.constantFrom<Dependency>('started', 'ready', 'completed')

/** In one configuration each depends on later ones only, and in another one on earlier ones: together they make circles. */
const configurations: fc.Arbitrary<Sections> = fc
  .record({
    isTurned: fc.boolean(),
    kept: fc.subarray(names, { minLength: 1 }),
    programs: fc.tuple(...names.map(() => section())),
    needs: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), dependency), { maxLength: 5 }),
  })
  .map(({ isTurned, kept, programs, needs }) =>
    Object.fromEntries(
      kept.map(name => {
        const isAllowed = (other: string) => kept.includes(other) && (isTurned ? other < name : other > name)
        const own = needs.filter(([who, other]) => who === name && isAllowed(other))
        const dependsOn = Object.fromEntries(own.map(([, other, wanted]) => [other, wanted]))
        return [name, { ...programs[names.indexOf(name)], dependsOn }]
      }),
    ),
  )

function section() {
  return fc.record({
    command: fc.constantFrom('one', 'two'),
    instances: fc.integer({ min: 1, max: 2 }),
    priority: fc.integer({ min: 1, max: 3 }),
    autostart: fc.constantFrom(true, true, true, false),
    restart: fc.constantFrom('always', 'on-failure', 'never'),
    startSeconds: fc.constantFrom(0, '1s'),
    startRetries: fc.integer({ min: 0, max: 2 }),
    stopTimeout: fc.constant('3s'),
  })
}

type Wish =
  | { readonly ask: 'reload'; readonly sections: Sections; readonly hasApp: boolean }
  | { readonly ask: 'restart' | 'halt' | 'start-places'; readonly target: string }
  | { readonly ask: 'scale'; readonly target: string; readonly workers: number }
  | { readonly ask: 'kill' | 'unhealthy' | 'retire'; readonly which: number }
  | { readonly ask: 'suspend' | 'stop' }

const targets = fc.constantFrom('all', ...names, ...names.map(name => `${name}:1`))
const wishes: fc.Arbitrary<Wish> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ ask: fc.constant('reload' as const), sections: configurations, hasApp: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ask: fc.constantFrom('restart' as const, 'halt' as const, 'start-places' as const),
      target: targets,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ask: fc.constant('scale' as const),
      target: targets,
      workers: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ask: fc.constantFrom('kill' as const, 'unhealthy' as const, 'retire' as const),
      which: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ ask: fc.constantFrom('suspend' as const, 'stop' as const) }) },
)
const steps = fc.array(fc.record({ wish: wishes, thenMs: fc.constantFrom(0, 0, 300, 1_000, 5_000) }), { maxLength: 12 })

/** A play that is watched: after each turn all that must hold is looked at. */
class Watched {
  readonly play: ProgramPlay
  readonly open = new Map<number, number>()
  readonly #told = new ToldStates()
  #revision = 1
  #tickets = 0
  /** Whom each that has never been up may still wait for, before the turn. */
  #unmet = new Map<string, readonly string[]>()
  #stoppedAt: number | undefined

  constructor(behaviour: readonly Run[], sections: Sections) {
    let begun = 0
    this.play = new ProgramPlay(
      () => behaviour[begun++ % behaviour.length] ?? assert.fail(),
      actions => this.#look(actions),
    )
    this.play.happen({ type: 'start', specs: [app(1), ...programSpecs(sections)] })
  }

  get #fleet(): Fleet {
    return this.play.stage.fleet
  }

  wish(wish: Wish): void {
    switch (wish.ask) {
      case 'reload': {
        const revision = ++this.#revision
        const apps = wish.hasApp ? [app(revision)] : []
        return this.#ask(ticket => ({
          type: 'reload',
          ticket,
          specs: [...apps, ...programSpecs(wish.sections, revision)],
        }))
      }
      case 'restart':
      case 'halt':
      case 'start-places':
        return this.#ask(ticket => ({ type: wish.ask, ticket, target: wish.target }))
      case 'scale':
        return this.#ask(ticket => ({ ...wish, type: 'scale', ticket }))
      case 'suspend':
        this.play.stage.now += 5_000
        return this.play.happen({ type: 'tick' })
      case 'stop':
        this.#stoppedAt ??= this.play.stage.now
        return this.play.happen({ type: 'stop', isQuick: this.#tickets % 3 === 0 })
      default:
        return this.#befall(wish.ask, wish.which)
    }
  }

  #befall(what: 'kill' | 'unhealthy' | 'retire', which: number): void {
    const living = [...this.#fleet.children.values()].filter(({ kind }) => kind === 'program')
    const child = living[which % living.length]
    if (!child) return
    const { id } = child
    if (what === 'kill') this.play.happen({ type: 'exited', id, code: null, signal: 'SIGKILL' })
    else this.play.happen({ type: what, id, reason: what })
  }

  #ask(event: (ticket: number) => FleetEvent): void {
    const ticket = ++this.#tickets
    this.open.set(ticket, this.play.stage.now)
    // Whoever asks has waited for the end of what was under way, as far as that could end.
    this.play.happen({ type: 'queued', by: 1 })
    this.play.happen({ type: 'queued', by: -1 })
    this.play.happen(event(ticket))
  }

  #look(actions: readonly Action[]): void {
    const { stage } = this.play
    for (const action of actions) {
      if (action.do === 'settle') assert.ok(this.open.delete(action.ticket), `${action.ticket} is answered once`)
      if (action.do === 'state') this.#told.take(action.id, action.change)
      if (action.do === 'spawn') this.#onSpawn(action.child)
      if (action.do === 'drain' && action.reason === 'stop' && this.#stoppedAt !== undefined) this.#onStop(action.child)
    }
    this.#told.check(this.#fleet)
    const places = [...this.#fleet.children.values()].filter(({ kind }) => kind === 'program').map(nameOf)
    assert.equal(new Set(places).size, places.length, `twice in one place: ${places}`)
    for (const [ticket, since] of this.open)
      assert.ok(stage.now - since <= settleWithinMs, `ticket ${ticket} waits since ${since}`)
    this.#unmet = new Map([...this.#fleet.groups.values()].map(({ spec }) => [spec.name, unmetOf(this.#fleet, spec)]))
  }

  /** What has never been up waits for all that it depends on, also while an operator rolls it. */
  #onSpawn(child: Child): void {
    const group = this.#fleet.groups.get(child.group)
    if (!group || child.kind !== 'program') return
    if (!group.hasServed) {
      const before = this.#unmet.get(child.group) ?? []
      const missing = unmetOf(this.#fleet, group.rollout?.spec ?? group.spec).filter(name => before.includes(name))
      assert.deepEqual(missing, [], `${nameOf(child)} begins`)
    }
    if (this.#stoppedAt === undefined) return
    assert.ok(group.hasServed, `${nameOf(child)} begins in a tree that stops, and has never been up`)
  }

  /** Nobody is asked to end for whom somebody lives that depends on it. */
  #onStop(child: Child): void {
    const { groups, children } = this.#fleet
    if (child.kind !== 'program') return
    for (const other of children.values()) {
      const isBehind =
        other.kind === 'web' || (needs(groups, other.group, child.group) && !needs(groups, child.group, other.group))
      assert.ok(!isBehind, `${nameOf(child)} ends before ${nameOf(other)}`)
    }
  }
}

function app(revision: number): GroupSpec {
  return appSpec({ workers: 1, scaling: { min: 1, max: 1 }, revision })
}

/** Whom a group would have to wait for. */
function unmetOf({ groups }: Fleet, { dependsOn = {} }: GroupSpec): string[] {
  return Object.entries(dependsOn).flatMap(([name, wanted]) => {
    const isMet = groups.get(name)?.slots.every(({ child, hasCompleted }) => {
      if (wanted === 'completed' || hasCompleted) return hasCompleted
      return wanted === 'started' ? child !== undefined : child?.state === 'RUNNING'
    })
    return isMet ? [] : [name]
  })
}

function needs(groups: Fleet['groups'], name: string, other: string, seen = new Set<string>()): boolean {
  if (seen.has(name)) return false
  seen.add(name)
  const direct = Object.keys(groups.get(name)?.spec.dependsOn ?? {})
  return direct.some(needed => needed === other || needs(groups, needed, other, seen))
}

test('who asks is answered, no place is taken twice, all orders hold, and a stop ends the tree', () => {
  fc.assert(
    fc.property(fc.array(runs, { minLength: 1, maxLength: 10 }), configurations, steps, (runs, sections, steps) => {
      const watched = new Watched(runs, sections)
      const { play } = watched
      for (const { wish, thenMs } of steps) {
        watched.wish(wish)
        play.pass(thenMs)
      }
      // The last one may wait for ever, if nobody asks for anything else.
      play.happen({ type: 'queued', by: 1 })
      play.pass(settleWithinMs)
      assert.deepEqual([...watched.open.keys()], [])
      watched.wish({ ask: 'stop' })
      play.pass(60_000)
      assert.equal(play.stage.fleet.phase, 'ended')
      assert.equal(play.stage.fleet.children.size, 0)
      assert.equal(play.stage.actions.filter(action => action.do === 'exit').length, 1)
    }),
    { numRuns: 120, seed: 20_260_202 },
  )
})
