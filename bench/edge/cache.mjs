// Hits of the cache against nginx' proxy_cache in front of the same origin, which both ask once: one worker on one core each, the
// load generator on the other.
import { join } from 'node:path'
import { compareOn, startOrigin, targetsOf } from '../support/edge-rows.mjs'
import { startNginx, startSaola, withServers } from '../support/edge-servers.mjs'

const bodies = { '1 KB': 1_000, '10 KB': 10_000 }
const wanted = 0.5
/** Of the origin: it says itself how long its answers may be kept. */
const settings = 'default_type text/html; expires 1h;'

/** Measures and prints; returns whether all that is promised was reached. */
export function run({ rounds, seconds }) {
  return withServers(async ({ dir, begin }) => {
    const { port: origin } = await begin('origin', port => startOrigin(join(dir, 'origin'), { port, bodies, settings }))
    const contenders = [
      await begin('nginx', port => startNginx(join(dir, 'nginx'), nginxCache(dir, port, origin))),
      await begin('saola', port => {
        const edge = { proxy: { '/': `http://127.0.0.1:${origin}` }, cache: [{ path: '/', ttl: '1h' }] }
        return startSaola(join(dir, 'saola'), { listen: `127.0.0.1:${port}`, edge })
      }),
    ]
    return compareOn(targetsOf(bodies, wanted), { title: 'cache hits', contenders, rounds, seconds })
  })
}

function nginxCache(dir, port, origin) {
  return `
    proxy_cache_path ${join(dir, 'cache')} keys_zone=bench:1m;
    server {
      listen 127.0.0.1:${port};
      location / { proxy_pass http://127.0.0.1:${origin}; proxy_cache bench; proxy_cache_valid 200 1h; }
    }`
}
