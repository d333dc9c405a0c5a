// `npm run bench:start [-- --rounds 10]`: from starting the command to the first answer, beside plain `node`.
import { parseArgs } from 'node:util'
import { candidates, startSaolaByFlags } from '../support/candidates.mjs'
import { machine, median, table } from '../support/machine.mjs'
import { freePort, untilAnswering } from '../support/processes.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } })
const starts = {
  'node app.js': candidates['node:http'].start,
  'saola start app.js': startSaolaByFlags,
  'saola start, with a configuration': candidates.Saola.start,
}
const times = Object.fromEntries(Object.keys(starts).map(name => [name, []]))

console.log(`${machine()}\nfirst answer, median of ${values.rounds} rounds\n`)
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [name, all] of Object.entries(times)) {
    const port = await freePort()
    const startedAt = performance.now()
    const running = await starts[name]({ port, workers: 1 })
    await untilAnswering(port)
    // The first round fills caches of the disk and of the compiler.
    if (round >= 0) all.push(performance.now() - startedAt)
    await running.stop()
  }
}
const plain = median(times['node app.js'])
const rows = Object.entries(times).map(([name, all]) => [
  name,
  `${median(all).toFixed(0)} ms`,
  (median(all) / plain).toFixed(2),
])
console.log(table(['command', 'first answer', 'of plain node'], rows))
