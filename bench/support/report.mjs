// The table of a row: Saola beside nginx.
import { table } from './machine.mjs'

/**
 * Prints the rows, each `{ name, nginx, saola, wanted }` as `takeTurns` measures them, and returns whether all were reached in
 * requests per second. `rate only`: not in requests per second of CPU time, so that what was measured may be those who ask.
 */
export function report(title, rows) {
  const head = [title, 'nginx/s', 'Saola/s', 'ratio', 'nginx CPU µs', 'Saola CPU µs', 'ratio', 'wanted', 'reached']
  const ratios = rows.map(({ nginx, saola }) => ({
    rate: saola.perSecond / nginx.perSecond,
    cpu: nginx.cpuMicros / saola.cpuMicros,
  }))
  const lines = rows.map(({ name, nginx, saola, wanted }, index) => {
    const { rate, cpu } = ratios[index]
    const reached = rate < wanted ? 'no' : cpu < wanted ? 'rate only' : 'yes'
    const rates = [Math.round(nginx.perSecond), Math.round(saola.perSecond), rate.toFixed(2)]
    const cpus = [nginx.cpuMicros.toFixed(1), saola.cpuMicros.toFixed(1), cpu.toFixed(2)]
    return [name, ...rates, ...cpus, wanted, reached]
  })
  console.log(`\n${table(head, lines)}`)
  return rows.every(({ wanted }, index) => ratios[index].rate >= wanted)
}
