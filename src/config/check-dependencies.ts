import { suggest } from '../base/suggest.ts'
import { supervisorOptions } from '../supervisor/options.ts'
import type { DraftApp } from './draft-apps.ts'
import type { DraftProgram } from './draft-programs.ts'

/** Who waits for which program, and for what. */
interface Dependent {
  /** `programs.web` or `apps.web`. */
  readonly where: string
  readonly dependsOn: Readonly<Record<string, 'started' | 'ready' | 'completed'>>
}

/** Whether each dependency can ever be fulfilled. */
export function checkDependencies(programs: readonly DraftProgram[], apps: readonly DraftApp[]): string[] {
  const ofPrograms = programs.map(({ where, given }) => ({ where, dependsOn: given.dependsOn ?? {} }))
  const ofApps = apps.map(({ name, app }) => ({ where: `apps.${name}`, dependsOn: dependenciesOf(app) }))
  const names = {
    programs: new Map(programs.map(program => [program.name, program])),
    apps: apps.map(({ name }) => name),
  }
  return [
    ...[...ofApps, ...ofPrograms].flatMap(dependent => checkDependent(dependent, names)),
    ...findCircles(programs).map(
      ([first = '', ...rest]) =>
        `programs.${first}.dependsOn expected no circle, got ${[first, ...rest, first].join(' → ')}.`,
    ),
  ]
}

function dependenciesOf({ dependsOn }: DraftApp['app']): Dependent['dependsOn'] {
  return supervisorOptions.shape.dependsOn.safeParse(dependsOn, { jitless: true }).data ?? {}
}

interface Names {
  readonly programs: ReadonlyMap<string, DraftProgram>
  readonly apps: readonly string[]
}

function checkDependent({ where, dependsOn }: Dependent, { programs, apps }: Names): string[] {
  return Object.entries(dependsOn).flatMap(([name, wanted]) => {
    const program = programs.get(name)
    if (where === `programs.${name}`) return [`${where}.dependsOn expected another program, got itself.`]
    if (program) return wanted === 'completed' ? checkCompleted(where, program) : []
    const got = `${where}.dependsOn expected a program, got "${name}"`
    if (apps.includes(name)) return [`${got}, which is an application: only programs can be waited for.`]
    const meant = suggest(name, programs.keys())
    return [meant === undefined ? `${got}.` : `${got}, did you mean "${meant}"?`]
  })
}

/** Who is started again whenever it ends has never done its work. */
function checkCompleted(where: string, { name, given }: DraftProgram): string[] {
  if (given.restart !== 'always') return []
  return [
    `${where}.dependsOn.${name} expected "started" or "ready", got "completed": ` +
      `with restart "always" ${name} starts again whenever it has ended.`,
  ]
}

/** Each circle once, from the program in it that the configuration names first. */
function findCircles(programs: readonly DraftProgram[]): string[][] {
  const next = new Map(programs.map(({ name, given }) => [name, Object.keys(given.dependsOn ?? {})]))
  const order = [...next.keys()]
  const circles = new Map<string, string[]>()
  const done = new Set<string>()
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name)
    if (start >= 0) {
      const circle = fromFirst(trail.slice(start), order)
      circles.set(circle.join(' '), circle)
      return
    }
    if (done.has(name)) return
    for (const other of next.get(name) ?? []) if (next.has(other) && other !== name) visit(other, [...trail, name])
    done.add(name)
  }
  for (const name of order) visit(name, [])
  return [...circles.values()]
}

function fromFirst(circle: readonly string[], order: readonly string[]): string[] {
  const first = circle.reduce(
    (least, name, index) => (order.indexOf(name) < order.indexOf(circle[least] ?? '') ? index : least),
    0,
  )
  return [...circle.slice(first), ...circle.slice(0, first)]
}
