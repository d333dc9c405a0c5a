/** Children that hang, grow or outlive their time. */
import type { Beat } from '../../ipc/messages.ts'
import { type Child, type Fleet, slotOf } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { spawn } from './spawn.ts'
import { type FleetEvent, logChild, type Turn } from './turn.ts'

// The stack of a blocked loop arrives in some 20 ms; a process that is stopped as a whole never answers.
const stackWaitMs = 1_000
// SIGKILL cannot be refused, but a process in an uninterruptible wait takes its time.
const killAgainMs = 5_000

export function onBeat(turn: Turn, id: number, beat: Beat): void {
  const { fleet, now } = turn
  const child = fleet.children.get(id)
  const spec = child && fleet.groups.get(child.group)?.spec
  if (!child || !spec) return
  child.beat = beat
  child.lastBeatAt = now
  if (child.state !== 'RUNNING') return
  if (spec.hardBytes !== undefined && beat.rssBytes > spec.hardBytes) {
    const limit = `${inMegabytes(spec.hardBytes)} of recycle.memory.hard`
    condemn(turn, child, `used ${inMegabytes(beat.rssBytes)}, more than the ${limit}`)
    turn.actions.push({ do: 'kill', child, signal: 'SIGKILL' })
  } else if (spec.softBytes !== undefined && beat.rssBytes > spec.softBytes) {
    child.retireReason ??= `memory ${inMegabytes(beat.rssBytes)}`
  }
}

/** Nobody counts the memory of a process more finely. */
function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)}MB`
}

/** When a child becomes late: with its boot, or with its sign of life. */
export function deadlineOf(fleet: Fleet, child: Child): number | undefined {
  if (child.state === 'STARTING') return child.readyBy
  const timeoutMs = fleet.groups.get(child.group)?.spec.timeoutMs
  return child.state === 'RUNNING' && timeoutMs ? child.lastBeatAt + timeoutMs : undefined
}

export function onDeadlines(turn: Turn): void {
  const { fleet, now } = turn
  for (const child of fleet.children.values()) checkChild(turn, child)
  for (const group of fleet.groups.values()) {
    for (const slot of group.slots) {
      if (slot.retryAt === undefined || slot.retryAt > now) continue
      slot.retryAt = undefined
      if (!slot.child && !slot.isHalted) slot.child = spawn(turn, group, slot)
    }
  }
}

function checkChild(turn: Turn, child: Child): void {
  const { fleet, now, actions } = turn
  if (child.drainAt !== undefined && child.drainAt <= now) beginDrain(turn, child, 'stop')
  if (child.stackUntil !== undefined && child.stackUntil <= now) {
    onStack(turn, { type: 'stack', id: child.id, where: undefined, stack: '' })
  }
  if (child.killAt !== undefined && child.killAt <= now) {
    child.killAt = now + killAgainMs
    child.doom ??= 'did not end in time'
    logChild(turn, 'warn', 'killed', child, { pid: child.pid, reason: child.doom })
    actions.push({ do: 'kill', child, signal: 'SIGKILL' })
  }
  const lateAt = deadlineOf(fleet, child)
  if (lateAt !== undefined && lateAt <= now) onLate(turn, child)
  const lifetimeMs = fleet.groups.get(child.group)?.spec.lifetimeMs
  if (lifetimeMs && child.readyAt !== undefined && now - child.readyAt > lifetimeMs) child.retireReason ??= 'lifetime'
}

/** The child hangs. Its place gets a new one at once; before it is killed, it is asked for the line that it is on. */
function onLate(turn: Turn, child: Child): void {
  const since = child.state === 'STARTING' ? child.spawnedAt : child.lastBeatAt
  const what = child.state === 'STARTING' ? 'was not ready after' : 'blocked'
  condemn(turn, child, `${what} ${((turn.now - since) / 1_000).toFixed(1)}s`)
  child.stackUntil = turn.now + stackWaitMs
  turn.actions.push({ do: 'ask-stack', child })
}

/**
 * Takes a child out of service for good. The place of one that served is filled again at once, or, if there cannot be two,
 * when it is gone; the end of one that never was ready is judged when it exits, like every failed start.
 */
function condemn(turn: Turn, child: Child, doom: string): void {
  const slot = slotOf(turn.fleet, child)
  const group = turn.fleet.groups.get(child.group)
  const hasServed = child.state === 'RUNNING'
  child.doom = doom
  child.state = 'STOPPING'
  child.drainAt = undefined
  if (!hasServed || !group || slot?.child !== child || traitsOf(child).isAlone) return
  slot.restarts++
  slot.child = slot.successor
  slot.successor = undefined
  if (!slot.child) slot.child = spawn(turn, group, slot)
}

export function onStack(turn: Turn, event: FleetEvent & { type: 'stack' }): void {
  const child = turn.fleet.children.get(event.id)
  if (!child || child.stackUntil === undefined) return
  child.stackUntil = undefined
  child.doom = event.where === undefined ? child.doom : `${child.doom} in ${event.where}`
  const what = child.readyAt === undefined ? 'not-ready' : 'blocked'
  const fields = { pid: child.pid, reason: child.doom, where: event.where, stack: event.stack || undefined }
  logChild(turn, 'error', what, child, fields)
  turn.actions.push({ do: 'kill', child, signal: 'SIGKILL' })
}
