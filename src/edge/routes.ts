/** Where rules hold that protect something: for every reading of a path (readings.ts). */
import { isBelow } from './path-prefix.ts'
import { foldPath } from './readings.ts'

export interface Route {
  readonly path: string
  /** Undefined: all. */
  readonly methods?: readonly string[] | undefined
}

/** Whether a rule holds for a request with these readings. */
export type RouteTest = (readings: readonly string[], method: string | undefined) => boolean

/** For rules that all count: the path is there or below, and the method is one of them. HEAD counts as GET. */
export function createRouteTest(route: Route): RouteTest {
  const folded = foldPath(route.path)
  return (readings, method) =>
    matchesMethod(route, method) && readings.some(reading => isBelow(route.path, reading) || isBelow(folded, reading))
}

export interface RouteTable<Rule> {
  /**
   * What has the longest path for each reading; undefined among them: there is none for the first, the path itself. A reading may
   * be that of a rule as it is written and of another one with other capitals: both are in it.
   */
  find(readings: readonly string[], method: string | undefined): ReadonlySet<Rule | undefined>
}

/** For rules of which the one with the longest path counts; of equal ones the first that is written. */
export function createRouteTable<Rule extends Route>(rules: readonly Rule[]): RouteTable<Rule> {
  const written = sorted(rules.map(rule => ({ rule, path: bare(rule.path) })))
  const folded = sorted(rules.map(rule => ({ rule, path: bare(foldPath(rule.path)) })))
  const isPlain = rules.every(rule => foldPath(rule.path) === rule.path)
  return {
    find(readings, method) {
      const found = new Set<Rule | undefined>()
      for (const [index, reading] of readings.entries()) {
        const exact = longest(written, reading, method)
        const alike = isPlain ? exact : longest(folded, reading, method)
        if (exact || index === 0) found.add(exact)
        if (alike) found.add(alike)
      }
      return found
    },
  }
}

interface Row<Rule> {
  readonly rule: Rule
  readonly path: string
}

/** A slash at the end makes no rule longer. */
function bare(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function sorted<Rule>(rows: Row<Rule>[]): readonly Row<Rule>[] {
  return rows.sort((a, b) => b.path.length - a.path.length)
}

function longest<Rule extends Route>(rows: readonly Row<Rule>[], reading: string, method: string | undefined) {
  for (const { rule, path } of rows) if (isBelow(path, reading) && matchesMethod(rule, method)) return rule
  return undefined
}

function matchesMethod({ methods }: Route, method: string | undefined): boolean {
  if (!methods || method === undefined) return true
  return methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
}
