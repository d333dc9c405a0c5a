// Static files against Debian's nginx: the same files, one worker on one core each, the load generator on the other.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareOn } from '../support/edge-rows.mjs'
import { startNginx, startSaola, withServers } from '../support/edge-servers.mjs'

/** What is asked for, and which part of nginx' rate Saola promises. */
const files = [
  { name: '10 KB', path: 'static/10k.bin', sizeBytes: 10 * 1024, wanted: 0.5 },
  { name: '1 MB', path: 'static/1m.bin', sizeBytes: 1024 * 1024, wanted: 0.8 },
]

/** Measures and prints; returns whether all that is promised was reached. */
export function run({ rounds, seconds }) {
  return withServers(async ({ dir, begin }) => {
    const folder = join(dir, 'static')
    mkdirSync(folder)
    for (const { path, sizeBytes } of files) writeFileSync(join(dir, path), randomBytes(sizeBytes))
    const contenders = [
      await begin('nginx', port => startNginx(join(dir, 'nginx'), `server { listen 127.0.0.1:${port}; root ${dir}; }`)),
      await begin('saola', port =>
        startSaola(join(dir, 'saola'), { listen: `127.0.0.1:${port}`, edge: { static: { '/static': folder } } }),
      ),
    ]
    return compareOn(files, { title: 'static file', contenders, rounds, seconds })
  })
}
