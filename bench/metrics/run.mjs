// `npm run bench:metrics [-- --rounds 10 --seconds 2]`: what figures cost a tree that counts them and is asked for `/metrics` every
// second, beside the same tree without a section `metrics`: without an edge, with `edge: {}`, and with an access log.
//
// The whole tree has one core, also what gathers and writes the figures, and the load generator the other. Both take turns, and in
// each round they are compared with each other; the median of these ratios counts, since a machine is not equally quick for long.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuSeconds } from '../support/cpu.mjs'
import { loadCore, serverCore, startSaola, withServers } from '../support/edge-servers.mjs'
import { loadGenerator, measureLoad } from '../support/load.mjs'
import { machine, median, table } from '../support/machine.mjs'
import { freePort } from '../support/processes.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '2' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = 64
const warmUpSeconds = 3
const scrapeEveryMs = 1_000
/** Of requests per second, with metrics and without. */
const wanted = 0.97

const handler = join(import.meta.dirname, '..', 'support', 'handler.mjs')
const scenarios = {
  'no edge': {},
  'edge: {}': { edge: {} },
  'access log': { accessLog: { file: '/dev/null' } },
}

console.log(`${machine()}\n${loadGenerator}, ${connections} connections, ${seconds} s, ${rounds} rounds\n`)
const rows = []
for (const [name, section] of Object.entries(scenarios)) rows.push(await compare(name, section))
const head = ['', 'without/s', 'with/s', 'ratio', 'without CPU µs', 'with CPU µs', 'wanted', 'reached']
console.log(`\n${table(head, rows)}`)
if (rows.some(row => row.at(-1) === 'no')) process.exitCode = 1

function compare(name, section) {
  return withServers(async ({ dir, begin }) => {
    const metricsPort = await freePort()
    const tree = sections => port => {
      const web = { app: handler, listen: `127.0.0.1:${port}`, ...section }
      return startSaola(join(dir, String(port)), web, serverCore, sections)
    }
    const bare = await begin('without', tree({}))
    const measured = await begin('with', tree({ metrics: { listen: `127.0.0.1:${metricsPort}` } }))
    const ask = contender =>
      contender === measured ? withScrapes(metricsPort, contender) : measure(contender, seconds)
    for (const contender of [bare, measured]) await measure(contender, warmUpSeconds)
    const results = []
    for (let round = 0; round < rounds; round++) {
      const result = new Map()
      for (const contender of round % 2 ? [measured, bare] : [bare, measured])
        result.set(contender, await ask(contender))
      results.push({ without: result.get(bare), with: result.get(measured) })
      const ratio = ratioOf(results.at(-1)).toFixed(3)
      console.error(`round ${round + 1}  ${name}: ${Math.round(result.get(bare).perSecond)}/s, ratio ${ratio}`)
    }
    return rowOf(name, results)
  })
}

async function measure({ port, pids }, seconds) {
  const before = cpuSeconds(pids)
  const { perSecond, requests } = await measureLoad({ port, connections, seconds, isKept: true, cores: loadCore })
  return { perSecond, cpuMicros: ((cpuSeconds(pids) - before) * 1e6) / requests }
}

/** Asks for the metrics meanwhile. */
async function withScrapes(port, contender) {
  let scrapes = 0
  const timer = setInterval(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    if (!response.ok) throw new Error(`/metrics answered ${response.status}.`)
    await response.text()
    scrapes++
  }, scrapeEveryMs)
  try {
    return await measure(contender, seconds)
  } finally {
    clearInterval(timer)
    if (scrapes === 0 && seconds > 1) console.error('nobody has asked for metrics in this round')
  }
}

function ratioOf(round) {
  return round.with.perSecond / round.without.perSecond
}

function rowOf(name, results) {
  const medianOf = (which, key) => median(results.map(result => result[which][key]))
  const ratio = median(results.map(ratioOf))
  const rates = [Math.round(medianOf('without', 'perSecond')), Math.round(medianOf('with', 'perSecond'))]
  const cpu = [medianOf('without', 'cpuMicros').toFixed(1), medianOf('with', 'cpuMicros').toFixed(1)]
  return [name, ...rates, ratio.toFixed(3), ...cpu, wanted, ratio >= wanted ? 'yes' : 'no']
}
