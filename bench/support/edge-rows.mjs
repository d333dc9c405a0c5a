// What the rows of bench/edge have in common that compare Saola with nginx: the load, the origin behind both, and how nginx
// passes requests on.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadCore, startNginx } from './edge-servers.mjs'
import { measureLoad } from './load.mjs'
import { report } from './report.mjs'
import { takeTurns } from './turns.mjs'

const connections = 64

/**
 * Asks all contenders for each of `targets`, `{ name, path, wanted }`, one after the other. Prints the table `title`, and returns
 * whether all that is wanted was reached.
 */
export async function compareOn(targets, { title, contenders, rounds, seconds }) {
  const rows = []
  for (const { name, path, wanted } of targets) {
    const load = ({ port }, seconds) => measureLoad({ port, path, connections, seconds, isKept: true, cores: loadCore })
    rows.push({ name, wanted, ...(await takeTurns(contenders, { rounds, seconds, title: name, load })) })
  }
  return report(title, rows)
}

/**
 * Nginx again, on the core of those who ask, answering by itself: quicker than whoever is in front of it. `bodies`: sizes by
 * name, asked for as `targetsOf` says; `settings`: more of its `server` section.
 */
export function startOrigin(dir, { port, bodies, settings = '' }) {
  const root = join(dir, 'root')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'index.html'), 'hello')
  for (const [name, bytes] of Object.entries(bodies)) writeFileSync(join(root, name), 'x'.repeat(bytes))
  const server = `server { listen 127.0.0.1:${port}; root ${root}; ${settings} }`
  return startNginx(dir, server, { cores: loadCore })
}

/** One for each of the bodies of an origin, of which the same is wanted. */
export function targetsOf(bodies, wanted) {
  return Object.keys(bodies).map(name => ({ name, path: encodeURIComponent(name), wanted }))
}

/** For the `http` section of nginx: kept connections to a port, by the name `app`. */
export function nginxUpstream(port) {
  return `upstream app { server 127.0.0.1:${port}; keepalive 64; }`
}

/** A `location` of nginx that passes all on to `app`, with the fields that Saola sets, too. */
export const nginxLocation = `
      location / {
        proxy_pass http://app;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
      }`
