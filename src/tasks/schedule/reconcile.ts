/**
 * Makes the schedules of the store those of the code. Two versions of the code run side by side during a rolling reload, and a process of
 * the old one may even start once more: so each schedule tells by which generation of the code it was declared, and an older one never
 * touches what a newer one has said. What nobody has declared (made at run time) is left alone, unless the code now has its name.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Schedule } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import type { DeclaredSchedule, JobTemplate } from './declared-schedule.ts'
import { nextSlot } from './plan-slots.ts'
import { formatSpec, parseSpec, type ScheduleOrigin, type ScheduleRules } from './schedule-spec.ts'

/** The code of this process. */
export interface Code {
  /** Its schedules and those of other applications in the same store do not touch each other. */
  readonly application: string
  /** When the tree loaded this code, in milliseconds since 1970: the same for all processes of a tree and reload. */
  readonly generation: number
  readonly schedules: readonly DeclaredSchedule[]
}

export type Change =
  | {
      readonly kind: 'declare'
      readonly name: string
      readonly spec: string
      readonly job: JobTemplate
      readonly next: number
    }
  | { readonly kind: 'remove'; readonly name: string }
  /** Another application has the name. */
  | { readonly kind: 'taken'; readonly name: string }

type CodeOrigin = Extract<ScheduleOrigin, { kind: 'code' }>

/** What the code declares, its input checked. */
export interface Declared {
  readonly rules: ScheduleRules
  readonly job: JobTemplate
}

export interface ReconcileOptions {
  readonly code: Omit<Code, 'schedules'>
  readonly declared: ReadonlyMap<string, Declared>
  readonly stored: readonly Schedule[]
  /** By the clock of the store. */
  readonly now: number
  /** Whether this process has just begun: what is missing later was removed by somebody. */
  readonly isStart: boolean
}

// A generation that is further ahead of the store than clocks differ is of a wrong clock, and would win for ever.
const clockErrorMsMax = 60_000

/** Decides only. */
export function planChanges({ code, declared, stored, now, isStart }: ReconcileOptions): Change[] {
  const generation = Math.min(code.generation, now)
  const changes: Change[] = []
  const names = new Set<string>()
  let isOutdated = false
  for (const schedule of stored) {
    names.add(schedule.name)
    const origin = parseSpec(schedule.spec)?.origin
    const own = declared.get(schedule.name)
    const age = ageOf(origin, code.application, generation, now)
    isOutdated ||= age === 'newer'
    if (own && age === 'foreign' && isStart) changes.push({ kind: 'taken', name: schedule.name })
    if (own && (age === 'older' || (age === 'run-time' && isStart)))
      changes.push(...redeclare(schedule, own, { ...code, generation, now }))
    if (!own && age === 'older') changes.push({ kind: 'remove', name: schedule.name })
  }
  if (!isStart || isOutdated) return changes
  for (const [name, { rules, job }] of declared) {
    if (names.has(name)) continue
    changes.push({
      kind: 'declare',
      name,
      spec: formatSpec(rules, originOf({ ...code, generation })),
      job,
      next: nextSlot(rules, now),
    })
  }
  return changes
}

export async function applyChange(engine: TaskEngine, change: Change): Promise<void> {
  if (change.kind === 'remove') await engine.unschedule(change.name)
  if (change.kind !== 'declare') return
  const { name, spec, job, next } = change
  await engine.schedule({ name, spec, job, next })
}

function redeclare(
  schedule: Schedule,
  { rules, job }: Declared,
  { now, ...code }: Omit<Code, 'schedules'> & { readonly now: number },
): Change[] {
  const old = parseSpec(schedule.spec)
  const isSame = old?.origin.kind === 'code' && formatSpec(old, old.origin) === formatSpec(rules, old.origin)
  if (isSame && isDeepStrictEqual(withoutUndefined(job), schedule.job)) return []
  // A new input is no reason to forget a slot that has not run yet.
  const keepsSlots = old !== undefined && isDeepStrictEqual(old.timing, rules.timing)
  const next = keepsSlots ? schedule.next : nextSlot(rules, now)
  return [{ kind: 'declare', name: schedule.name, spec: formatSpec(rules, originOf(code)), job, next }]
}

/** What was declared by the code of this application, against this one. `same` also when only the clocks differ. */
function ageOf(
  origin: ScheduleOrigin | undefined,
  application: string,
  generation: number,
  now: number,
): 'older' | 'same' | 'newer' | 'run-time' | 'foreign' {
  if (!origin || (origin.kind === 'code' && origin.application !== application)) return 'foreign'
  if (origin.kind === 'run-time') return 'run-time'
  if (origin.generation === generation) return 'same'
  return origin.generation < generation || origin.generation > now + clockErrorMsMax ? 'older' : 'newer'
}

function originOf({ application, generation }: Omit<Code, 'schedules'>): CodeOrigin {
  return { kind: 'code', application, generation }
}

/** As it comes back from JSON. */
function withoutUndefined(job: JobTemplate): unknown {
  return JSON.parse(JSON.stringify(job))
}
