// What the edge costs whoever does not use it: bare node:http, Saola with `edge: {}`, and with every step configured for
// paths that nobody asks for. One worker on a core of its own, the load generator on the other.
import { join } from 'node:path'
import { candidates } from '../support/candidates.mjs'
import { loadCore, serverCore, startSaola, withServers } from '../support/edge-servers.mjs'
import { measureLoad } from '../support/load.mjs'
import { table } from '../support/machine.mjs'
import { takeTurns } from '../support/turns.mjs'

const connections = 64
const wanted = 0.95
const promised = ['edge: {}', 'all steps']
const handler = join(import.meta.dirname, '..', 'support', 'handler.mjs')

/** Measures and prints; returns whether what is promised was reached. */
export function run({ rounds, seconds }) {
  return withServers(async ({ dir, begin }) => {
    const saola = edge => port =>
      startSaola(join(dir, String(port)), { app: handler, listen: `127.0.0.1:${port}`, ...(edge && { edge }) })
    const bare = port => candidates['node:http'].start({ port, workers: 1, cores: serverCore })
    const contenders = [
      await begin('node:http', bare),
      await begin('Saola without edge', saola()),
      await begin('edge: {}', saola({})),
      await begin('all steps', saola(allSteps(dir))),
    ]
    const load = ({ port }, seconds) => measureLoad({ port, connections, seconds, isKept: true, cores: loadCore })
    return report(await takeTurns(contenders, { rounds, seconds, title: 'unused', load }))
  })
}

/** One line a step; whoever adds a step adds its line. */
function allSteps(dir) {
  return {
    trust: ['10.0.0.0/8'],
    access: [{ path: '/unused/access', allow: ['10.0.0.0/8'] }],
    rateLimit: [{ path: '/unused/rate', rate: '5/s' }],
    redirects: { '/unused/old/:id': '/unused/new/:id' },
    rewrites: { '/unused/blog/**:rest': '/unused/posts/:rest' },
    static: { '/unused/static': dir },
    proxy: { '/unused/api': 'http://127.0.0.1:9' },
  }
}

function report(results) {
  const bare = results['node:http']
  const rows = Object.entries(results).map(([name, { perSecond, cpuMicros }]) => {
    const [rate, cpu] = [perSecond / bare.perSecond, bare.cpuMicros / cpuMicros]
    const isPromised = promised.includes(name)
    const reached = rate >= wanted && cpu >= wanted ? 'yes' : 'no'
    const cells = [Math.round(perSecond), rate.toFixed(2), cpuMicros.toFixed(1), cpu.toFixed(2)]
    return [name, ...cells, isPromised ? wanted : '', isPromised ? reached : '']
  })
  console.log(`\n${table(['unused', 'requests/s', 'ratio', 'CPU µs', 'ratio', 'wanted', 'reached'], rows)}`)
  return rows.every(row => row.at(-1) !== 'no')
}
