/**
 * Whatever happens in whatever order: who asks is answered, and a tree that was stopped ends. The processes here are
 * played; each has a fate that it meets at its time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import type { Child } from '../fleet.ts'
import type { FleetEvent } from './turn.ts'

const workersMax = 4
// All places boot one after the other, each as late as it may, and are killed then.
const settleWithinMs = (workersMax + 1) * (spec.bootTimeoutMs + spec.stopTimeoutMs + 10_000)

/** What a process does once it was started. */
interface Fate {
  readonly boot: 'ready' | 'fails' | 'exits' | 'hangs'
  readonly bootMs: number
  /** Dies so long after it became ready. */
  readonly diesAfterMs: number | undefined
  /** Does not answer a drain, and has to be killed. */
  readonly isStubborn: boolean
}

const good: Fate = { boot: 'ready', bootMs: 300, diesAfterMs: undefined, isStubborn: false }

const fates = fc.record({
  boot: fc.constantFrom('ready', 'ready', 'ready', 'fails', 'exits', 'hangs'),
  bootMs: fc.constantFrom(0, 300, 3_000),
  diesAfterMs: fc.constantFrom(undefined, undefined, 0, 700, 5_000),
  isStubborn: fc.constantFrom(false, false, true),
}) as fc.Arbitrary<Fate>

type Wish =
  | { readonly ask: 'reload' | 'scale'; readonly workers: number }
  | { readonly ask: 'restart' | 'halt'; readonly target: string }
  | { readonly ask: 'stop' | 'retire' }

const targets = fc.constantFrom('web', 'all', ...Array.from({ length: workersMax }, (_, index) => `web:${index}`))
const workers = fc.integer({ min: 1, max: workersMax })
const wishes: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ask: fc.constantFrom('reload' as const, 'scale' as const), workers }) },
  { weight: 6, arbitrary: fc.record({ ask: fc.constantFrom('restart' as const, 'halt' as const), target: targets }) },
  { weight: 1, arbitrary: fc.record({ ask: fc.constantFrom('stop' as const, 'retire' as const) }) },
)
const steps = fc.array(fc.record({ wish: wishes, thenMs: fc.constantFrom(0, 300, 1_000, 4_000, 20_000) }), {
  maxLength: 12,
})

/** Plays processes by their fates, and keeps account of who has asked. */
class Play {
  readonly stage = new Stage()
  readonly open = new Map<number, number>()
  /** When something happens to a process. */
  #due: { at: number; event: FleetEvent }[] = []
  #seen = 0
  #fates: readonly Fate[]
  #spawned = 0
  #tickets = 0
  #revision = 1

  constructor(fates: readonly Fate[]) {
    this.#fates = fates
    this.happen({ type: 'start', specs: [spec] })
  }

  wish(wish: Wish): void {
    switch (wish.ask) {
      case 'reload':
        return this.#ask(ticket => ({ type: 'reload', ticket, specs: [this.#nextSpec(wish.workers)] }))
      case 'scale':
        return this.#ask(ticket => ({ type: 'scale', ticket, target: 'web', workers: wish.workers }))
      case 'restart':
        return this.#ask(ticket => ({ type: 'restart', ticket, target: wish.target }))
      case 'halt':
        return this.#ask(ticket => ({ type: 'halt', ticket, target: wish.target }))
      case 'stop':
        return this.happen({ type: 'stop', isQuick: false })
      case 'retire':
        for (const { id } of this.stage.running()) this.happen({ type: 'retire', id, reason: 'old' })
    }
  }

  /** From now on every process does what it should. */
  behave(): void {
    this.#fates = [good]
  }

  pass(ms: number): void {
    const end = this.stage.now + ms
    while (this.stage.now < end) {
      this.stage.now = Math.min(end, this.stage.now + 100)
      const now = this.#due.filter(({ at }) => at <= this.stage.now)
      this.#due = this.#due.filter(({ at }) => at > this.stage.now)
      for (const { event } of now) this.happen(event)
      for (const child of this.stage.running()) this.stage.beat(child)
      this.happen({ type: 'tick' })
      this.#checkWaiting()
    }
  }

  happen(event: FleetEvent): void {
    const isOfNobody = 'id' in event && !this.stage.fleet.children.has(event.id)
    if (!isOfNobody) this.stage.happen(event)
    this.#play()
  }

  #ask(event: (ticket: number) => FleetEvent): void {
    const ticket = ++this.#tickets
    this.open.set(ticket, this.stage.now)
    this.happen(event(ticket))
  }

  #nextSpec(workers: number) {
    return { ...spec, workers, revision: ++this.#revision }
  }

  /** What was asked for since the last look becomes what happens later. */
  #play(): void {
    const { actions } = this.stage
    for (; this.#seen < actions.length; this.#seen++) {
      const action = actions[this.#seen]
      if (action?.do === 'settle') assert.ok(this.open.delete(action.ticket), `${action.ticket} is settled once`)
      if (action?.do === 'spawn') this.#beginLife(action.child)
      if (action?.do === 'drain' && !this.#fateOf(action.child).isStubborn) this.#exit(action.child, 200, 0)
      if (action?.do === 'kill') this.#exit(action.child, 50, null)
    }
  }

  readonly #lives = new Map<number, Fate>()

  #beginLife(child: Child): void {
    const fate = this.#fates[this.#spawned++ % this.#fates.length] ?? good
    const { id } = child
    const { boot, bootMs, diesAfterMs } = fate
    this.#lives.set(id, fate)
    if (boot === 'ready') this.#later(bootMs, { type: 'ready', id, bootMs })
    if (boot === 'fails') this.#later(bootMs, { type: 'boot-failed', id, message: 'no', stack: '' })
    if (boot === 'exits') this.#exit(child, bootMs, 1)
    if (boot === 'ready' && diesAfterMs !== undefined) this.#exit(child, bootMs + diesAfterMs, 1)
  }

  #fateOf({ id }: Child): Fate {
    return this.#lives.get(id) ?? good
  }

  #exit({ id }: Child, afterMs: number, code: number | null): void {
    this.#later(afterMs, { type: 'exited', id, code, signal: code === null ? 'SIGKILL' : null })
  }

  #later(afterMs: number, event: FleetEvent): void {
    this.#due.push({ at: this.stage.now + afterMs, event })
  }

  #checkWaiting(): void {
    for (const [ticket, since] of this.open) {
      assert.ok(this.stage.now - since <= settleWithinMs, `ticket ${ticket} waits since ${since}`)
    }
  }
}

test('who asks is answered in a bounded time, a stop ends the tree, and a reload after all works', () => {
  fc.assert(
    fc.property(fc.array(fates, { minLength: 1, maxLength: 12 }), steps, (fates, steps) => {
      const play = new Play(fates)
      const { stage } = play
      for (const { wish, thenMs } of steps) {
        play.wish(wish)
        if (thenMs > 0) play.pass(thenMs)
      }
      const isStopped = steps.some(({ wish }) => wish.ask === 'stop')
      const exits = () => stage.actions.filter(action => action.do === 'exit')
      play.pass(settleWithinMs)
      assert.deepEqual([...play.open.keys()], [])
      if (isStopped || stage.fleet.phase === 'ended') {
        assert.equal(stage.fleet.phase, 'ended')
        assert.equal(exits().length, 1)
        return
      }
      play.behave()
      play.wish({ ask: 'reload', workers: 3 })
      play.pass(settleWithinMs)
      assert.deepEqual([...play.open.keys()], [])
      assert.equal(stage.settled().at(-1)?.ok, true)
      const group = stage.fleet.groups.get('web')
      const due = group?.slots.filter(slot => !slot.isHalted) ?? []
      assert.equal(group?.slots.length, 3)
      for (const slot of due) {
        assert.equal(slot.child?.state, 'RUNNING')
        assert.equal(slot.child.revision, group?.spec.revision)
        assert.equal(slot.child.generation, stage.fleet.generation)
      }
      assert.equal(stage.fleet.children.size, due.length)
    }),
    { numRuns: 120, seed: 20_250_101 },
  )
})
