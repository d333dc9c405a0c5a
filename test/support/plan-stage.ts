import assert from 'node:assert/strict'
import type { Beat } from '../../src/ipc/messages.ts'
import { type Child, createFleet, type Fleet, type GroupSpec, nameOf, type Slot } from '../../src/supervisor/fleet.ts'
import { plan } from '../../src/supervisor/plan/plan.ts'
import type { Action, FleetEvent } from '../../src/supervisor/plan/turn.ts'

/** A group of two workers with short times. */
export const spec: GroupSpec = {
  kind: 'web',
  name: 'web',
  revision: 1,
  workers: 2,
  scaling: { min: 2, max: 2 },
  bootTimeoutMs: 10_000,
  timeoutMs: 30_000,
  stopTimeoutMs: 5_000,
  stopDelayMs: 0,
  startMs: 1_000,
  startRetries: 3,
  backoff: { min: 100, max: 10_000 },
  lifetimeMs: 0,
  softBytes: undefined,
  hardBytes: undefined,
}

/** A fleet without processes: what the plan asks for is noted, and the test says what happens. */
export class Stage {
  now = 0
  readonly fleet: Fleet = createFleet(0)
  /** Everything that was asked for since the last look. */
  actions: Action[] = []
  pids = 100
  /** Whether processes can be started. */
  canSpawn = () => true

  happen(event: FleetEvent): Action[] {
    const actions = plan(this.fleet, event, this.now, () => 0)
    this.actions.push(...actions)
    for (const action of actions) {
      if (action.do !== 'spawn') continue
      const { id } = action.child
      if (this.canSpawn()) this.happen({ type: 'spawned', id, pid: this.pids++ })
      else this.happen({ type: 'spawn-failed', id, message: 'no such file' })
    }
    return actions
  }

  /** Time passes, with a look every 500 ms, and with signs of life of all that serve. */
  pass(ms: number, options: { silent?: readonly Child[] } = {}): void {
    const end = this.now + ms
    while (this.now < end) {
      this.now = Math.min(end, this.now + 500)
      for (const child of this.running()) {
        if (!options.silent?.includes(child)) this.beat(child)
      }
      this.happen({ type: 'tick' })
    }
  }

  beat(child: Child, beat: Partial<Beat> = {}): void {
    this.happen({ type: 'beat', id: child.id, beat: { ...quietBeat, ...beat } })
  }

  start(...specs: GroupSpec[]): void {
    this.happen({ type: 'start', specs: specs.length > 0 ? specs : [spec] })
    this.readyAll()
  }

  readyAll(): void {
    for (let child = this.starting()[0]; child; child = this.starting()[0]) this.ready(child)
  }

  ready(child: Child): void {
    this.happen({ type: 'ready', id: child.id, bootMs: 5 })
  }

  exit(child: Child, code: number | null = 0, signal: string | null = null): void {
    this.happen({ type: 'exited', id: child.id, code, signal })
  }

  running(): Child[] {
    return [...this.fleet.children.values()].filter(child => child.state === 'RUNNING')
  }

  starting(): Child[] {
    return [...this.fleet.children.values()].filter(child => child.state === 'STARTING')
  }

  child(name: string): Child {
    const found = this.running().find(child => nameOf(child) === name)
    assert.ok(found, `${name} does not run`)
    return found
  }

  slot(index: number): Slot {
    const slot = this.fleet.groups.get('web')?.slots[index]
    assert.ok(slot)
    return slot
  }

  /** What was asked for since the last call, as short words. */
  take(): string[] {
    const words = this.actions.map(wordOf).filter(word => word !== undefined)
    this.actions = []
    return words
  }

  settled(): (Action & { do: 'settle' })[] {
    return this.actions.filter(action => action.do === 'settle')
  }
}

const quietBeat: Beat = {
  loopDelayMs: 0,
  utilization: 0,
  rssBytes: 50e6,
  heapBytes: 10e6,
  cpuPercent: 0,
  connections: 0,
  inFlight: 0,
  requests: 0,
  logDropped: 0,
}

function wordOf(action: Action): string | undefined {
  switch (action.do) {
    case 'spawn':
    case 'drain':
    case 'kill':
    case 'ask-stack':
      return `${action.do} ${nameOf(action.child)} g${action.child.generation}`
    case 'exit':
      return `exit ${action.code}`
    case 'settle':
      return `settle ${action.ok}`
    default:
      return undefined
  }
}
