import type { Config } from '../config/config.ts'
import { isBelow } from '../edge/path-prefix.ts'

/**
 * The rules of `cache` that keep nothing, a sentence each: `sticky` of the proxy gives each client a cookie, an answer that sets one
 * is not kept, and a request with it goes past the cache unless the rule knows it.
 */
export function idleCaches({ apps }: Pick<Config, 'apps'>): readonly string[] {
  return Object.values(apps).flatMap(({ name, edge }) => {
    if (!edge) return []
    return Object.entries(edge.proxy).flatMap(([prefix, { sticky }]) =>
      edge.cache.rules
        .filter(({ path, cookies }) => sticky && isBelow(prefix, path) && !cookies.includes(sticky.cookie))
        .map(
          ({ path }) => `apps.${name}.edge.cache keeps nothing at ${path}: sticky of proxy ${prefix} sets a cookie.`,
        ),
    )
  })
}
