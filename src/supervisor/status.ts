import type { Clock } from '../base/clock.ts'
import type { AppStatus, ChildState, ChildStatus, ExitStatus, ReloadOutcome, TreeStatus } from '../ipc/status.ts'
import type { AppDefinition } from './app-definition.ts'
import { type Child, type Exit, type Fleet, type Group, type GroupSpec, nameOf, type Slot } from './fleet.ts'
import { kinds, traitsOf } from './kinds.ts'
import { isDue } from './plan/spawn.ts'

export interface StatusSources {
  readonly name: string
  readonly version: string
  readonly configFile: string | undefined
  readonly startedAt: number
  readonly lastReload: ReloadOutcome | undefined
  readonly fleet: Fleet
  readonly clock: Clock
  definition(group: Group): AppDefinition | undefined
  /** Where an application really listens. */
  labelsOf(app: AppDefinition): readonly string[]
  /** Lines of a child's output that were dropped. */
  dropped(source: string): number
}

/** The tree as it is now, for people and programs that look. */
export function buildStatus(sources: StatusSources): TreeStatus {
  const { name, version, configFile, startedAt, lastReload, fleet, clock } = sources
  return {
    name,
    pid: process.pid,
    state: fleet.phase === 'ended' ? 'stopping' : fleet.phase,
    version,
    node: process.version,
    uptimeMs: Math.round(clock.now() - startedAt),
    generation: fleet.generation,
    configFile,
    lastReload,
    apps: [...fleet.groups.values()].filter(({ spec }) => spec.kind === 'web').map(group => appStatus(group, sources)),
    children: childrenOf(sources),
  }
}

/** Where there are never two, the one that still ends is all there is in its place. */
function lastIn({ children }: Fleet, { spec }: Group, { index }: Slot): Child | undefined {
  if (!traitsOf(spec).isAlone) return undefined
  return [...children.values()].find(child => child.group === spec.name && child.index === index)
}

/** Why the first place that was given up, of those that the start waits for, is empty, if there is one. */
export function findFailure({ groups }: Fleet): string | undefined {
  for (const [group, { spec, slots, waitsFor }] of groups) {
    if (!traitsOf(spec).isAwaited) continue
    const slot = slots.find(slot => slot.emptyState === 'FATAL')
    if (slot) return `Worker ${nameOf({ group, index: slot.index })} ${slot.lastExit?.reason}`
    if (waitsFor !== undefined) return `${group} ${waitsFor}`
  }
  return undefined
}

function appStatus(group: Group, sources: StatusSources): AppStatus {
  const definition = sources.definition(group)
  return {
    name: group.spec.name,
    listen: definition ? sources.labelsOf(definition) : [],
    protocols: definition?.protocols ?? [],
    balance: definition?.balance ?? 'shared',
    workers: group.spec.workers,
    entry: definition?.entry ?? '',
  }
}

function childrenOf(sources: StatusSources): ChildStatus[] {
  const { fleet, clock } = sources
  const rows: ChildStatus[] = []
  const listed = new Set<Child>()
  for (const group of fleet.groups.values()) {
    const { spec, waitsFor } = group
    for (const slot of group.slots) {
      const child = slot.child ?? lastIn(fleet, group, slot)
      rows.push(row(child, { ...spec, waitsFor: isDue(slot, clock.now()) ? waitsFor : undefined }, slot, sources))
      if (child) listed.add(child)
    }
  }
  // Successors that boot and old ones that drain stand below the place that they share.
  for (const child of fleet.children.values()) {
    if (listed.has(child)) continue
    const place = { kind: child.kind, name: child.group }
    rows.push(row(child, place, fleet.groups.get(child.group)?.slots[child.index], sources))
  }
  const kindsInOrder = Object.keys(kinds)
  return rows.sort(
    (a, b) =>
      kindsInOrder.indexOf(a.kind) - kindsInOrder.indexOf(b.kind) ||
      a.app.localeCompare(b.app) ||
      a.index - b.index ||
      a.generation - b.generation,
  )
}

type Place = Pick<GroupSpec, 'kind' | 'name'> & { readonly waitsFor?: string | undefined }

function row(
  child: Child | undefined,
  { kind, name: app, waitsFor }: Place,
  slot: Slot | undefined,
  sources: StatusSources,
): ChildStatus {
  const { clock } = sources
  const index = child?.index ?? slot?.index ?? 0
  const name = `${app}:${index}`
  const beat = child?.state === 'RUNNING' || child?.state === 'STOPPING' ? child.beat : undefined
  const state: ChildState = child?.state ?? slot?.emptyState ?? 'STOPPED'
  return {
    name,
    kind,
    app,
    index,
    pid: child?.pid,
    state,
    generation: child?.generation ?? 0,
    uptimeMs: child ? Math.round(clock.now() - (child.readyAt ?? child.spawnedAt)) : 0,
    restarts: slot?.restarts ?? 0,
    lastExit: slot?.lastExit && exitStatus(slot.lastExit, clock),
    waitsFor: child ? (child.state === 'STARTING' ? child.waitsFor : undefined) : waitsFor,
    beatAgeMs: child && beat ? Math.round(clock.now() - child.lastBeatAt) : 0,
    connections: beat?.connections ?? 0,
    inFlight: beat?.inFlight ?? 0,
    requests: beat?.requests ?? 0,
    loopDelayMs: beat?.loopDelayMs ?? 0,
    utilization: beat?.utilization ?? 0,
    cpuPercent: beat?.cpuPercent ?? 0,
    rssBytes: beat?.rssBytes ?? 0,
    logDropped: (beat?.logDropped ?? 0) + sources.dropped(name),
  }
}

function exitStatus(exit: Exit, clock: Clock): ExitStatus {
  const at = new Date(clock.date().getTime() - (clock.now() - exit.atMs)).toISOString()
  return { code: exit.code, signal: exit.signal, reason: exit.reason, at }
}
