/** Sends clients to other addresses, and serves what is asked for under another path. */
import type { ServerResponse } from 'node:http'
import { createOtherNameTest } from '../canonical/host-rule.ts'
import { parseTarget, type TargetRules, targetRulesOf } from '../canonical/target.ts'
import { createRouteCount, markRoute, type RouteCount } from '../edge-counts.ts'
import { changeTarget, type EdgeRequest, type Outcome, type Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { answerEarly } from '../refusals/discard-rest.ts'
import { refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import { fillTemplate, readTemplate, type TargetTemplate } from './pattern.ts'
import type { createPatternTable, Match } from './pattern-table.ts'

interface Redirect {
  readonly template: TargetTemplate
  readonly status: number
  readonly keepQuery: boolean
  /** What it has sent elsewhere. */
  readonly route: RouteCount
}

/** Finds where `edge.rewrites` lead, before all rules that decide by a path: they must hold for that, too. */
export async function createRewrites({ rewrites, paths }: EdgeSettings): Promise<Step | undefined> {
  const table = await rewriteTable(rewrites)
  const rules = targetRulesOf(paths)
  return (
    table && {
      name: 'rewrites',
      run: request => {
        const found = table.find(request.path, request.encodedPath)
        if (found) request.rewrite = { target: makeTarget(found, found.data, request.search, rules) }
        return 'next'
      },
    }
  )
}

/** The step for `edge.canonicalHost` and `edge.redirects`. Who is not redirected gets what a rewrite leads to. */
export async function createRedirects(
  settings: EdgeSettings,
  services: Pick<EdgeServices, 'readyPath'>,
): Promise<Step | undefined> {
  const { canonicalHost, paths, rewrites } = settings
  const rules = targetRulesOf(paths)
  const routes = Object.keys(settings.redirects).map(from => createRouteCount('redirect', from))
  const toHost = createRouteCount('redirect', 'canonicalHost')
  const redirects = await redirectTable(settings.redirects, routes)
  if (canonicalHost === undefined && !redirects && Object.keys(rewrites).length === 0) return undefined
  const isOtherName = canonicalHost === undefined ? undefined : createOtherNameTest(canonicalHost, services)
  return {
    name: 'redirects',
    run: request => {
      if (isOtherName?.(request)) {
        const { scheme, encodedPath, search } = request
        return redirect(request.res, toHost, 308, `${scheme}://${canonicalHost}${encodedPath}${search}`)
      }
      return (redirects && applyRedirect(request, redirects, rules)) ?? applyRewrite(request)
    },
    figures: () => ({ routes: isOtherName ? [...routes, toHost] : routes }),
  }
}

type Table<Data> = ReturnType<typeof createPatternTable<Data>>

/** `routes`: one for each redirect. */
async function redirectTable(
  redirects: EdgeSettings['redirects'],
  routes: readonly RouteCount[],
): Promise<Table<Redirect> | undefined> {
  const entries = Object.entries(redirects)
  if (entries.length === 0) return undefined
  const { createPatternTable } = await import('./pattern-table.ts')
  return createPatternTable(
    entries.map(([from, { to, status, keepQuery }], index) => {
      const template = readTemplate(to, from, { allowsOrigin: true })
      return [from, { template, status, keepQuery, route: routes[index] as RouteCount }] as const
    }),
  )
}

async function rewriteTable(rewrites: EdgeSettings['rewrites']): Promise<Table<TargetTemplate> | undefined> {
  const entries = Object.entries(rewrites)
  if (entries.length === 0) return undefined
  const { createPatternTable } = await import('./pattern-table.ts')
  return createPatternTable(
    entries.map(([from, to]) => [from, readTemplate(to, from, { allowsOrigin: false })] as const),
  )
}

function applyRedirect(request: EdgeRequest, table: Table<Redirect>, rules: TargetRules): Outcome | undefined {
  const found = table.find(request.path, request.encodedPath)
  if (!found) return undefined
  const { template, status, keepQuery, route } = found.data
  const target = makeTarget(found, template, keepQuery ? request.search : '', rules)
  if (!target) {
    refuse(request.res, 400, 'bad-request')
    return 'done'
  }
  const { encodedPath, search } = target
  const isWhereItIs = template.origin === '' && encodedPath === request.encodedPath && search === request.search
  // Otherwise it would go round in a circle.
  if (isWhereItIs) return undefined
  return redirect(request.res, route, status, template.origin + encodedPath + search + template.fragment)
}

function applyRewrite(request: EdgeRequest): Outcome {
  const { rewrite } = request
  if (!rewrite) return 'next'
  if (!rewrite.target) {
    refuse(request.res, 400, 'bad-request')
    return 'done'
  }
  changeTarget(request, rewrite.target)
  return 'next'
}

/**
 * What a template gives, read as if a client had asked for it: so it cannot have dot segments, double slashes that would name a
 * host, or control characters. Undefined when no request may look so.
 */
function makeTarget({ values }: Match<unknown>, template: TargetTemplate, search: string, rules: TargetRules) {
  const filled = fillTemplate(template, values)
  const more = search !== '' && template.hasQuery ? `&${search.slice(1)}` : search
  return parseTarget(filled + more, 'GET', rules)
}

function redirect(res: ServerResponse, route: RouteCount, status: number, location: string): Outcome {
  markRoute(res, route)
  answerEarly(res)
  res.writeHead(status, { Location: location, 'Content-Length': 0 })
  res.end()
  return 'done'
}
