// The reverse proxy against Debian's nginx, in front of the same upstream: one worker on one core each, the upstream and the
// load generator on the other.
import { join } from 'node:path'
import { compareOn, nginxLocation, nginxUpstream, startOrigin, targetsOf } from '../support/edge-rows.mjs'
import { startNginx, startSaola, withServers } from '../support/edge-servers.mjs'

const bodies = { '1 KB': 1024, '100 KB': 100 * 1024 }
const wanted = 0.4

/** Measures and prints; returns whether all that is promised was reached. */
export function run({ rounds, seconds }) {
  return withServers(async ({ dir, begin }) => {
    const { port: upstream } = await begin('upstream', port => startOrigin(join(dir, 'upstream'), { port, bodies }))
    const contenders = [
      await begin('nginx', port => startNginx(join(dir, 'nginx'), nginxProxy(port, upstream))),
      await begin('saola', port => {
        const edge = { proxy: { '/': `http://127.0.0.1:${upstream}` } }
        return startSaola(join(dir, 'saola'), { listen: `127.0.0.1:${port}`, edge })
      }),
    ]
    return compareOn(targetsOf(bodies, wanted), { title: 'proxy', contenders, rounds, seconds })
  })
}

function nginxProxy(port, upstream) {
  return `
    ${nginxUpstream(upstream)}
    server {
      listen 127.0.0.1:${port};${nginxLocation}
    }`
}
