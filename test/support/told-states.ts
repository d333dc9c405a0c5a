/** What is told of processes and places, held against what they are: see src/supervisor/plan/states.test.ts. */
import assert from 'node:assert/strict'
import type { ChildState, StateChange } from '../../src/ipc/status.ts'
import { type Fleet, nameOf } from '../../src/supervisor/fleet.ts'

const final: ReadonlySet<ChildState> = new Set(['STOPPED', 'EXITED', 'BACKOFF', 'FATAL'])

/** What Supervisor's diagram has for a program, and what there is beside it, with its reason. */
const programSteps: ReadonlySet<string> = new Set([
  'STOPPED → STARTING',
  'STARTING → RUNNING',
  'STARTING → BACKOFF',
  'STARTING → STOPPING',
  'BACKOFF → STARTING',
  'BACKOFF → FATAL',
  'RUNNING → STOPPING',
  'RUNNING → EXITED',
  'STOPPING → STOPPED',
  'EXITED → STARTING',
  'FATAL → STARTING',
  // Not in the diagram, but in its code: who is stopped is not tried again.
  'BACKOFF → STOPPED',
  // It has ended by itself before the signal reached it, or was killed: for its memory, or because it never was ready.
  'STOPPING → EXITED',
  'STOPPING → BACKOFF',
  // The place is gone.
  'EXITED → STOPPED',
  'FATAL → STOPPED',
])

/** Follows what is told, and fails when a change does not begin where the last one has ended. */
export class ToldStates {
  /** Of each process that lives, by its number in the fleet. */
  readonly #processes = new Map<number, StateChange>()
  /** Of each place in which nobody lives; STOPPED when nothing was told of it. */
  readonly #places = new Map<string, ChildState>()

  take(id: number | undefined, change: StateChange): void {
    const { name, kind, from, to } = change
    const what = `${name} ${from} → ${to}`
    assert.notEqual(from, to, what)
    if (kind === 'program') assert.ok(programSteps.has(`${from} → ${to}`), what)
    if (id === undefined) this.#takePlace(change)
    else if (to === 'STARTING') {
      assert.equal(from, this.#livesIn(name) ? 'STOPPED' : this.#stateOf(name), what)
      assert.ok(!this.#processes.has(id), `${what}: begins once`)
      this.#processes.set(id, change)
    } else {
      assert.equal(from, this.#processes.get(id)?.to, what)
      this.#processes.set(id, change)
      if (final.has(to)) this.#end(id, change)
    }
  }

  /** What was told is what there is. */
  check({ children, groups }: Fleet): void {
    assert.deepEqual([...this.#processes.keys()].sort(), [...children.keys()].sort())
    for (const [id, { name, to }] of this.#processes) assert.equal(to, children.get(id)?.state, name)
    const places = new Map(
      [...groups.values()].flatMap(({ spec, slots }) =>
        slots.map(slot => [nameOf({ group: spec.name, index: slot.index }), slot.emptyState] as const),
      ),
    )
    for (const name of new Set([...places.keys(), ...this.#places.keys()])) {
      if (!this.#livesIn(name)) assert.equal(this.#stateOf(name), places.get(name) ?? 'STOPPED', name)
    }
  }

  #takePlace({ name, from, to }: StateChange): void {
    assert.ok(!this.#livesIn(name), `${name} ${from} → ${to}: while somebody lives there`)
    assert.equal(from, this.#stateOf(name), `${name} ${from} → ${to}`)
    this.#places.set(name, to)
  }

  #end(id: number, { name, to }: StateChange): void {
    this.#processes.delete(id)
    if (!this.#livesIn(name)) this.#places.set(name, to)
  }

  #stateOf(name: string): ChildState {
    return this.#places.get(name) ?? 'STOPPED'
  }

  #livesIn(name: string): boolean {
    return [...this.#processes.values()].some(told => told.name === name)
  }
}
