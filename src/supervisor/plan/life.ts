/** The life of a child: spawned, ready, ended, and what becomes of its place. */
import { backoffMs } from '../../base/backoff.ts'
import { type Child, createGroup, type Exit, type Group, type GroupSpec, type Slot, slotOf } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { describeExit } from './exit-reason.ts'
import { failRollout, promote, rolloutStepDone } from './rollout.ts'
import { fillSlots, mayStart, spawn, startFirst } from './spawn.ts'
import { type FleetEvent, logChild, type Turn } from './turn.ts'

// A worker that has said why it cannot boot ends by itself; this is how long it may take.
const bootFailedExitMs = 2_000

/**
 * Starts each group with one child only. When that one is ready, the application works, and the others follow all at
 * once; when it is not, the reason is printed once and not once a core.
 */
export function startGroups(turn: Turn, specs: readonly GroupSpec[]): void {
  for (const spec of specs) {
    const group = createGroup(spec, turn.fleet.generation)
    turn.fleet.groups.set(spec.name, group)
    startFirst(turn, group)
  }
}

/** What has run already lives its own life: also when it has ended, was stopped, or cannot work. */
export function onWanted(turn: Turn, spec: GroupSpec): void {
  if (!turn.fleet.groups.has(spec.name)) startGroups(turn, [spec])
}

export function onSpawned(turn: Turn, id: number, pid: number): void {
  const child = turn.fleet.children.get(id)
  if (child) child.pid = pid
}

export function onSpawnFailed(turn: Turn, id: number, message: string): void {
  const child = turn.fleet.children.get(id)
  if (!child) return
  child.bootError = message
  logChild(turn, 'error', 'spawn-failed', child, { error: message })
  onExited(turn, { id, code: null, signal: null })
}

export function onReady(turn: Turn, id: number, bootMs: number): void {
  const { fleet, now } = turn
  const child = fleet.children.get(id)
  const group = child && fleet.groups.get(child.group)
  if (!child || !group || child.state !== 'STARTING') return
  child.state = 'RUNNING'
  child.readyAt = now
  child.lastBeatAt = now
  const { pid, generation } = child
  logChild(turn, 'info', 'ready', child, { pid, generation, bootMs: Math.round(bootMs) })
  const slot = slotOf(fleet, child)
  if (slot?.successor === child) promote(turn, group, slot)
  if (group.rollout?.childId === child.id) rolloutStepDone(group)
  if (!group.hasServed) {
    group.hasServed = true
    turn.actions.push({ do: 'announce', group: group.spec.name })
  }
  if (!group.rollout) fillSlots(turn, group)
}

/** The tree has started when every child serves that should; nobody waits for what was stopped or cannot work. */
export function declareReady({ fleet, actions }: Turn): void {
  if (fleet.phase !== 'starting') return
  const isAwaited = (child: Child) => traitsOf(child).isAwaited && child.state === 'RUNNING'
  if (![...fleet.children.values()].some(isAwaited)) return
  for (const group of fleet.groups.values()) {
    if (!traitsOf(group.spec).isAwaited) continue
    const isFatal = group.slots.some(slot => slot.emptyState === 'FATAL')
    if (!isFatal && group.slots.some(slot => !slot.isHalted && slot.child?.state !== 'RUNNING')) return
  }
  fleet.phase = 'running'
  actions.push({ do: 'tree-ready' })
}

export function onBootFailed(turn: Turn, event: FleetEvent & { type: 'boot-failed' }): void {
  const child = turn.fleet.children.get(event.id)
  if (!child) return
  child.bootError = event.message
  child.killAt = turn.now + bootFailedExitMs
  const { pid } = child
  logChild(turn, 'error', 'boot-failed', child, { pid, error: event.message, stack: event.stack || undefined })
}

export function onLastWords(turn: Turn, id: number, message: string): void {
  const child = turn.fleet.children.get(id)
  if (!child) return
  if (child.state === 'STARTING') child.bootError ??= message
  else child.lastWords = message
}

export function onExited(turn: Turn, event: Omit<FleetEvent & { type: 'exited' }, 'type'>): void {
  const { fleet } = turn
  const child = fleet.children.get(event.id)
  if (!child) return
  fleet.children.delete(child.id)
  const group = fleet.groups.get(child.group)
  const place = group?.slots[child.index]
  const slot = slotOf(fleet, child)
  const exit = describeExit(child, event, turn.now)
  reportExit(turn, child, exit, slot !== undefined)
  if (place && (slot || child.doom)) place.lastExit = exit
  if (!group || !slot) return
  const wasRolling = group.rollout?.childId === child.id
  if (slot.successor === child) {
    slot.successor = undefined
    if (!wasRolling) delayRetirement(turn, group, slot)
  } else {
    slot.child = slot.successor
    slot.successor = undefined
    slot.restarts++
    if (!slot.child) refill(turn, group, slot, child, exit)
  }
  if (wasRolling) failRollout(turn, group, exit.reason)
}

function reportExit(turn: Turn, child: Child, exit: Exit, isUnexpected: boolean): void {
  const { pid, generation } = child
  const { code, signal, reason } = exit
  const isClean = !isUnexpected && child.doom === undefined
  const fields = { pid, generation, code, signal, reason: isClean ? undefined : reason }
  logChild(turn, isClean ? 'info' : 'error', isClean ? 'stopped' : 'exited', child, fields)
}

/** Fills a place again whose child ended by itself: at once after a good run, later and later after failed starts. */
function refill(turn: Turn, group: Group, slot: Slot, ended: Child, exit: Exit): void {
  const { fleet, now } = turn
  if (!mayStart(fleet, group) || slot.isHalted) {
    slot.emptyState = 'STOPPED'
    return
  }
  const wasStable = ended.readyAt !== undefined && now - ended.readyAt >= group.spec.startMs
  slot.failures = wasStable ? 0 : slot.failures + 1
  slot.emptyState = 'STOPPED'
  if (wasStable) {
    slot.child = spawn(turn, group, slot)
    return
  }
  // The very first boot threw: the fault is in the application, not in the moment, and someone is watching.
  const isHopeless = !group.hasServed && ended.bootError !== undefined
  if (isHopeless || slot.failures > group.spec.startRetries) {
    slot.emptyState = 'FATAL'
    logChild(turn, 'error', 'fatal', ended, { failures: slot.failures, reason: exit.reason })
    return
  }
  const waitMs = backoffMs(slot.failures, group.spec.backoff, turn.random)
  slot.emptyState = 'BACKOFF'
  slot.retryAt = now + waitMs
  logChild(turn, 'warn', 'backoff', ended, { failures: slot.failures, waitMs })
}

/** A successor of a child that should be recycled failed: the old one serves on, and it is tried again later. */
function delayRetirement(turn: Turn, group: Group, slot: Slot): void {
  slot.failures++
  slot.retryAt = turn.now + backoffMs(slot.failures, group.spec.backoff, turn.random)
}
