import type { ServerResponse } from 'node:http'
import type { EdgeRequest, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { readingsOfRequest } from '../readings.ts'
import { addResponseHook, type ResponseHook } from '../response-hooks.ts'
import { createRouteTest, type RouteTest } from '../routes.ts'
import type { HeaderRule } from './options.ts'
import { securityHeaders, tellingHeaders } from './security-headers.ts'

interface Change {
  readonly holds: RouteTest
  readonly statuses: ReadonlySet<number> | undefined
  readonly defaults: readonly (readonly [name: string, value: string])[]
  readonly removed: readonly string[]
  readonly set: readonly (readonly [name: string, value: string])[]
  readonly added: readonly (readonly [name: string, value: string | readonly string[]])[]
}

/** The step for `edge.headers`. Its hook is the outermost, so it sees every answer: of files, the cache, upstreams, errors. */
export async function createResponseHeaders(settings: EdgeSettings): Promise<Step | undefined> {
  const changes = settings.headers.map(changeOf)
  if (changes.length === 0) return undefined
  const isForAll = settings.headers.every(({ path, methods }) => path === '/' && !methods)
  const hookForAll = hookOf(changes)
  return {
    name: 'headers',
    run: request => {
      if (isForAll) addResponseHook(request.res, hookForAll)
      else addOwn(changes, request)
      return 'next'
    },
  }
}

function addOwn(changes: readonly Change[], request: EdgeRequest): void {
  const readings = readingsOfRequest(request)
  const own = changes.filter(({ holds }) => holds(readings, request.req.method))
  if (own.length > 0) addResponseHook(request.res, hookOf(own))
}

function changeOf(rule: HeaderRule): Change {
  return {
    holds: createRouteTest(rule),
    statuses: rule.status && new Set(rule.status),
    defaults: rule.security ? Object.entries(securityHeaders) : [],
    removed: [...(rule.security ? tellingHeaders : []), ...rule.remove],
    set: Object.entries(rule.set),
    added: Object.entries(rule.add),
  }
}

function hookOf(changes: readonly Change[]): ResponseHook {
  return {
    onHead(res) {
      for (const change of changes) if (!change.statuses || change.statuses.has(res.statusCode)) apply(change, res)
      return undefined
    },
  }
}

function apply({ defaults, removed, set, added }: Change, res: ServerResponse): void {
  for (const name of removed) res.removeHeader(name)
  for (const [name, value] of defaults) if (!res.hasHeader(name)) res.setHeader(name, value)
  for (const [name, value] of set) res.setHeader(name, value)
  for (const [name, value] of added) res.appendHeader(name, value)
}
