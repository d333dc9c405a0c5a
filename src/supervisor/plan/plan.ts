/**
 * What a supervisor does about an event: the only place where a fleet changes. It is a function of the fleet, the
 * event and the time; it starts nothing itself, and so every sequence of deaths, signals and reloads can be tested
 * in microseconds.
 */
import { type Fleet, shiftTimes } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { deadlineOf, onBeat, onDeadlines, onStack, onStandsStill, onWaiting } from './health.ts'
import { endLeaving } from './leave.ts'
import {
  declareReady,
  declareUp,
  onBootFailed,
  onExited,
  onGone,
  onLastWords,
  onReady,
  onSpawned,
  onSpawnFailed,
  onWanted,
  startGroups,
} from './life.ts'
import { onUnhealthy, startWaiting, upAt } from './programs.ts'
import { continueRollouts, onReload, onRestart, onRetire, onStartPlaces, retireOld } from './rollout.ts'
import { onHalt, onScale } from './scale.ts'
import { scaleByLoad } from './scaling.ts'
import { isEnding } from './spawn.ts'
import { endWhenEmpty, onStop, stopping } from './stop.ts'
import type { Action, FleetEvent, Turn } from './turn.ts'

// Ticks come every second at the latest: what is beyond that, this process itself did not run. Signs of life may have waited to be
// read meanwhile, and nobody is to blame for that. It is told when it was long.
const tickMsMax = 1_000
const suspendedAfterMs = 2_500

/** Decides what to do about one event. Changes the fleet, and returns what is to be begun. */
export function plan(fleet: Fleet, event: FleetEvent, now: number, random: () => number = Math.random): Action[] {
  const turn: Turn = { fleet, now, random, actions: [] }
  const gapMs = now - fleet.lastTurnAt
  if (gapMs > suspendedAfterMs) forgive(turn, gapMs)
  else if (gapMs > tickMsMax) shiftTimes(fleet, gapMs - tickMsMax)
  fleet.lastTurnAt = now
  // What has ended was up before, if it was there for long enough, and only nobody has looked.
  if (event.type === 'gone' || event.type === 'exited') declareUp(turn)
  if (isTooLate(fleet, event)) turn.actions.push({ do: 'settle', ticket: event.ticket, ok: false, message: stopping })
  else react(turn, event)
  onDeadlines(turn)
  declareUp(turn)
  scaleByLoad(turn)
  retireOld(turn)
  continueRollouts(turn)
  endLeaving(turn)
  startWaiting(turn)
  declareReady(turn)
  endWhenEmpty(turn)
  return turn.actions
}

/** Milliseconds until the plan must be asked again, even when nothing happens. */
export function nextTickMs(fleet: Fleet, now: number): number {
  let next = now + tickMsMax
  const consider = (at: number | undefined) => {
    if (at !== undefined && at < next) next = at
  }
  for (const child of fleet.children.values()) {
    consider(deadlineOf(fleet, child))
    consider(child.drainAt)
    consider(child.killAt)
    consider(child.stackUntil)
    if (child.kind === 'program') consider(upAt(fleet, child))
  }
  for (const { slots } of fleet.groups.values()) {
    // One that should have been filled by now waits for others.
    for (const { retryAt } of slots) if (retryAt !== undefined && retryAt > now) consider(retryAt)
  }
  return Math.max(1, next - now)
}

function forgive(turn: Turn, gapMs: number): void {
  shiftTimes(turn.fleet, gapMs)
  turn.actions.push({ do: 'log', level: 'warn', event: 'supervisor.suspended', fields: { forMs: Math.round(gapMs) } })
}

/** What operators ask of a tree that stops. It may have waited for its turn since long before the stop. */
function isTooLate(fleet: Fleet, event: FleetEvent): event is Extract<FleetEvent, { ticket: number }> {
  return 'ticket' in event && isEnding(fleet)
}

function react(turn: Turn, event: FleetEvent): void {
  switch (event.type) {
    case 'start':
      return startGroups(turn, event.specs)
    case 'tick':
      return
    case 'wanted':
      return onWanted(turn, event.spec)
    case 'spawned':
      return onSpawned(turn, event)
    case 'spawn-failed':
      return onSpawnFailed(turn, event.id, event.message)
    case 'ready':
      return onReady(turn, event.id, event.bootMs)
    case 'unhealthy':
      return onUnhealthy(turn, event.id, event.reason)
    case 'waiting':
      return onWaiting(turn, event.id, event.reason)
    case 'boot-failed':
      return onBootFailed(turn, event)
    case 'last-words':
      return onLastWords(turn, event.id, event.message)
    case 'beat':
      return onBeat(turn, event.id, event.beat)
    case 'stands-still':
      return onStandsStill(turn, event.id, event.forMs)
    case 'retire':
      return onRetire(turn, event.id, event.reason)
    case 'stack':
      return onStack(turn, event)
    case 'gone':
      return onGone(turn, event.id)
    case 'exited':
      return onExited(turn, event)
    case 'reload':
      for (const spec of event.specs) if (!traitsOf(spec).rolls) onWanted(turn, spec)
      return onReload(turn, event.ticket, event.specs)
    case 'restart':
      return onRestart(turn, event.ticket, event.target)
    case 'start-places':
      return onStartPlaces(turn, event.ticket, event.target)
    case 'halt':
      return onHalt(turn, event)
    case 'scale':
      return onScale(turn, event.ticket, event.target, event.workers)
    case 'queued':
      turn.fleet.queued += event.by
      return
    case 'stop':
      return onStop(turn, event.isQuick)
  }
}
