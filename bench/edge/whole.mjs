// What a user compares: nginx in front of PM2, and Saola with the same done inline. Two workers each, and the load generator
// shares the cores with them. Both serve a folder of files, set headers, and bound what a client may send.
//
// With all that can be asked, how long an answer takes is decided by how the system shares two cores among those who all want
// one: so node:cluster, with nothing before it, is measured, too.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { candidates, installPeers } from '../support/candidates.mjs'
import { nginxLocation, nginxUpstream } from '../support/edge-rows.mjs'
import { allCores, startNginx, startSaola, withServers } from '../support/edge-servers.mjs'
import { measureLoad } from '../support/load.mjs'
import { table } from '../support/machine.mjs'
import { takeTurns } from '../support/turns.mjs'

const workers = 2
const connections = 100
const wantedRate = 1.5
const wantedP99 = 0.7
const handler = join(import.meta.dirname, '..', 'support', 'handler.mjs')

/** Every fourth request of `a page` is one to the application, the others are files of 10 KB. */
const loads = { application: ['/'], 'a page': ['/', '/static/a.css', '/static/b.js', '/static/c.png'] }

/** Measures and prints; returns whether what is promised was reached by the application. */
export async function run({ rounds, seconds }) {
  await installPeers()
  return withServers(async ({ dir, begin }) => {
    const folder = join(dir, 'files', 'static')
    mkdirSync(folder, { recursive: true })
    for (const name of ['a.css', 'b.js', 'c.png']) writeFileSync(join(folder, name), 'x'.repeat(10 * 1024))
    const pm2 = await begin('PM2', port => candidates.PM2.start({ port, workers }))
    const nginx = await begin('nginx', port =>
      startNginx(join(dir, 'nginx'), nginxServer(port, pm2.port, join(dir, 'files')), { workers, cores: allCores }),
    )
    const saola = await begin('Saola', port => startSaola(join(dir, 'saola'), saolaServer(port, folder), allCores))
    const cluster = await begin('node:cluster', port => candidates['node:cluster'].start({ port, workers }))
    const contenders = [{ ...nginx, name: 'nginx, PM2', pids: [...nginx.pids, ...pm2.pids] }, saola]
    const rows = []
    for (const [name, paths] of Object.entries(loads)) {
      const script = join(dir, 'paths.lua')
      writeFileSync(script, askInTurn(paths))
      const load = ({ port }, seconds) => measureLoad({ port, connections, seconds, isKept: true, script })
      const all = name === 'application' ? [...contenders, cluster] : contenders
      const results = await takeTurns(all, { rounds, seconds, title: name, load })
      rows.push({ name, results })
    }
    return report(rows)
  })
}

function nginxServer(port, upstream, root) {
  return `
    ${nginxUpstream(upstream)}
    limit_req_zone $binary_remote_addr zone=login:1m rate=5r/s;
    server {
      listen 127.0.0.1:${port};
      client_max_body_size 1m;
      add_header X-Content-Type-Options nosniff;
      location /static/ { root ${root}; }
      location /login { limit_req zone=login; proxy_pass http://app; }${nginxLocation}
    }`
}

function saolaServer(port, folder) {
  const edge = {
    static: { '/static': folder },
    rateLimit: [{ path: '/login', rate: '5/s' }],
  }
  return { app: handler, listen: `127.0.0.1:${port}`, workers, edge }
}

/** For wrk, whose requests are written once. */
function askInTurn(paths) {
  return `
    local requests, at = {}, 0
    function init(args)
      for _, path in ipairs({ ${paths.map(path => JSON.stringify(path)).join(', ')} }) do
        requests[#requests + 1] = wrk.format('GET', path)
      end
    end
    function request()
      at = at % #requests + 1
      return requests[at]
    end`
}

function report(rows) {
  const lines = rows.map(({ name, results: { 'nginx, PM2': other, Saola: saola } }) => {
    const [rate, p99] = [saola.perSecond / other.perSecond, saola.p99Ms / other.p99Ms]
    const rates = [Math.round(other.perSecond), Math.round(saola.perSecond), rate.toFixed(2)]
    const waits = [other.p99Ms.toFixed(1), saola.p99Ms.toFixed(1), p99.toFixed(2)]
    const cpu = (other.cpuMicros / saola.cpuMicros).toFixed(2)
    return [name, ...rates, ...waits, cpu, rate >= wantedRate && p99 <= wantedP99 ? 'yes' : 'no']
  })
  const { 'node:cluster': cluster } = rows[0].results
  const alone = `node:cluster alone: ${Math.round(cluster.perSecond)}/s, p99 ${cluster.p99Ms.toFixed(1)} ms`
  console.log(`\nthe application, ${alone}`)
  const head = ['whole', 'nginx + PM2 /s', 'Saola /s', `ratio, wanted ${wantedRate}`, 'p99 ms', 'Saola p99 ms']
  console.log(`\n${table([...head, `ratio, wanted ≤ ${wantedP99}`, 'requests per CPU second', 'reached'], lines)}`)
  return lines.every(line => line.at(-1) === 'yes')
}
