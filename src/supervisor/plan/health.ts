/** Children that hang, grow or outlive their time. */
import type { Beat } from '../../ipc/messages.ts'
import { type Child, type Fleet, slotOf } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { onNotReady } from './programs.ts'
import { spawn } from './spawn.ts'
import { enter } from './states.ts'
import { type FleetEvent, logChild, type Turn } from './turn.ts'

// The stack of a blocked loop arrives in some 20 ms, on a machine with too much to do in a second or two; a process that is stopped
// as a whole never answers. Nobody waits for the end of one that has a successor already.
const stackWaitMs = 3_000
const stackWaitAloneMs = 1_000
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

/** It has loaded, and does not become ready. Said once; the last reason is that of its end. */
export function onWaiting(turn: Turn, id: number, reason: string): void {
  const child = turn.fleet.children.get(id)
  if (child?.state !== 'STARTING') return
  if (child.waitsFor === undefined) logChild(turn, 'warn', 'waiting', child, { pid: child.pid, reason })
  child.waitsFor = reason
}

/** Nobody counts the memory of a process more finely. */
function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)}MB`
}

/** Whoever looks into a child makes it silent. It gets back the time in which it stood still, and no more: it may hang besides. */
export function onStandsStill({ fleet, now }: Turn, id: number, forMs: number): void {
  const child = fleet.children.get(id)
  if (!child) return
  if (forMs > 0) {
    child.stillSince ??= now
    child.stillUntil = now + forMs
    return
  }
  if (child.stillSince === undefined) return
  const stoodMs = now - child.stillSince
  child.lastBeatAt = Math.min(now, child.lastBeatAt + stoodMs)
  child.readyBy += stoodMs
  child.stillSince = undefined
  child.stillUntil = undefined
}

/** When a child becomes late: with its boot, or with its sign of life; not while it stands still. */
export function deadlineOf(fleet: Fleet, child: Child): number | undefined {
  const deadline = ownDeadlineOf(fleet, child)
  return deadline === undefined ? undefined : Math.max(deadline, child.stillUntil ?? 0)
}

function ownDeadlineOf(fleet: Fleet, child: Child): number | undefined {
  // A program that its probe has found ready is waited for until it has been up for some time, however long.
  if (child.state === 'STARTING') return child.isProven ? undefined : child.readyBy
  const timeoutMs = fleet.groups.get(child.group)?.spec.timeoutMs
  return child.state === 'RUNNING' && timeoutMs ? child.lastBeatAt + timeoutMs : undefined
}

export function onDeadlines(turn: Turn): void {
  const { fleet, now } = turn
  for (const child of fleet.children.values()) checkChild(turn, child)
  for (const group of fleet.groups.values()) {
    // Those of programs are filled at the end of the turn, if all that they depend on is there.
    if (group.spec.program) continue
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
  const why = child.state === 'STARTING' && child.waitsFor !== undefined ? `: ${child.waitsFor}` : ''
  const reason = `${what} ${((turn.now - since) / 1_000).toFixed(1)}s${why}`
  // Nobody can say what a program is doing, and it may be half-way through something: it is asked to end.
  if (child.kind === 'program') return onNotReady(turn, child, reason)
  condemn(turn, child, reason)
  child.stackUntil = turn.now + (traitsOf(child).isAlone ? stackWaitAloneMs : stackWaitMs)
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
  if (child.state !== 'STOPPING') enter(turn, child, 'STOPPING', doom)
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
  const what = child.readyAt === undefined ? 'not-ready' : 'blocked'
  // Where it is found while it waits for an answer says nothing.
  const isExplained = what === 'not-ready' && child.waitsFor !== undefined
  if (event.where !== undefined && !isExplained) child.doom = `${child.doom} in ${event.where}`
  const fields = { pid: child.pid, reason: child.doom, where: event.where, stack: event.stack || undefined }
  logChild(turn, 'error', what, child, fields)
  turn.actions.push({ do: 'kill', child, signal: 'SIGKILL' })
}
