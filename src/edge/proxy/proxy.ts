import { markRoute } from '../edge-counts.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { createPrefixTable } from '../path-prefix.ts'
import { refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import { Exchange } from './exchange.ts'
import { createLookup } from './lookup.ts'
import { targetOf } from './target.ts'
import { UpstreamGroup } from './upstream-group.ts'
import { passWebSocket } from './web-sockets.ts'

/**
 * The reverse proxy: what is at or below a configured prefix is answered by other servers. Where those are is said by the
 * configuration alone. What is asked of them is the canonical path and the query.
 */
export async function createProxy(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  const rules = Object.entries(settings.proxy)
  if (rules.length === 0) return undefined
  const undici = await import('undici')
  const lookup = createLookup(services.clock)
  const groups = rules.map(([prefix, rule]) => {
    const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
    return new UpstreamGroup({ path: prefix, prefix: bare, rule, undici, lookup, services })
  })
  const table = createPrefixTable(groups.map(group => [group.prefix, group] as const))
  return {
    name: 'proxy',
    run: request => {
      const group = table.find(request.path)?.value
      return group ? answer(request, group) : 'next'
    },
    figures: () => ({
      routes: groups.map(({ route }) => route),
      upstreams: groups.flatMap(group => group.figures()),
    }),
    close: async () => {
      await Promise.all(groups.map(group => group.close()))
    },
  }
}

function answer(request: EdgeRequest, group: UpstreamGroup): Outcome | Promise<Outcome> {
  markRoute(request.res, group.route)
  const target = targetOf(request, group.rule.stripPrefix ? group.prefix : undefined)
  if (target === undefined) refuse(request.res, 400, 'bad-request')
  else if (request.upgrade) return passWebSocket(request, group, target).then(() => 'done')
  else new Exchange(request, group, target).start()
  return 'done'
}
