// New TLS connections with one request each: full handshakes, none resumed, of an ECDSA P-256 certificate. nginx has the
// same one and the same ciphers. One worker on a core of its own, the load generator on the other.
import { join } from 'node:path'
import { strongCiphers } from '../../dist/base/tls-ciphers.js'
import { pinned } from '../support/candidates.mjs'
import { loadCore, startNginx, startSaola, withServers } from '../support/edge-servers.mjs'
import { run as runCommand } from '../support/processes.mjs'
import { report } from '../support/report.mjs'
import { takeTurns } from '../support/turns.mjs'

/** At once, and in one run of h2load. */
const connectionsMax = 500

/** Measures and prints; returns whether what is promised was reached. */
export function run({ rounds, seconds }) {
  return withServers(async ({ dir, begin }) => {
    const files = await createCertificate(dir)
    const isTls = true
    const contenders = [
      await begin('nginx', port => startNginx(join(dir, 'nginx'), nginxServer(port, files)), { isTls }),
      await begin('saola', port => startSaola(join(dir, 'saola'), saolaServer(port, files)), { isTls }),
    ]
    const load = ({ port }, seconds) => connect(port, seconds)
    const measured = await takeTurns(contenders, { rounds, seconds, title: 'handshakes', load })
    return report('TLS', [{ name: 'full handshakes', wanted: 0.6, ...measured }])
  })
}

async function createCertificate(dir) {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  await runCommand('openssl', [...args, '-keyout', key, '-out', cert])
  return { cert, key }
}

/** Connections with one request each; h2load, unlike wrk, resumes no session. */
async function connect(port, seconds) {
  const args = ['--h1', '-t1', `-c${connectionsMax}`, `-n${connectionsMax}`, `https://127.0.0.1:${port}/`]
  const command = pinned(loadCore, 'h2load', args)
  let elapsedMs = 0
  let requests = 0
  while (elapsedMs < seconds * 1000) {
    const output = await runCommand(...command)
    if (!output.includes(` ${connectionsMax} succeeded, 0 failed`)) throw new Error(`Not all were answered:\n${output}`)
    const [, time, unit] = /finished in ([\d.]+)(ms|s),/.exec(output)
    elapsedMs += Number(time) * { ms: 1, s: 1000 }[unit]
    requests += connectionsMax
  }
  return { perSecond: (requests * 1000) / elapsedMs, requests, p99Ms: undefined }
}

/** Tickets are made by both, and used by nobody. */
function nginxServer(port, { cert, key }) {
  return `
    server {
      listen 127.0.0.1:${port} ssl http2;
      ssl_certificate ${cert}; ssl_certificate_key ${key};
      ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ${strongCiphers}; ssl_prefer_server_ciphers on;
      ssl_ecdh_curve X25519:P-256:P-384;
      location / { return 200 'hello'; }
    }`
}

function saolaServer(port, files) {
  return { listen: `127.0.0.1:${port}`, tls: files, edge: {} }
}
