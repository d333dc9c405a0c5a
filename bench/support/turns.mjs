// Those who are compared take turns on the same load, and for each of them the median of the rounds counts.
import { cpuSeconds } from './cpu.mjs'
import { median } from './machine.mjs'

/** Until Node has compiled what is hot. */
const warmUpSeconds = 3

/**
 * Measures all of `contenders`, each `{ name, pids }`, with `load(contender, seconds)`, which resolves with
 * `{ perSecond, requests, p99Ms }`. The order is turned round with every round.
 *
 * @returns {Promise<Record<string, { perSecond: number, cpuMicros: number, p99Ms: number }>>} by name: requests per second,
 *   the CPU time that the server took for one, and the 99th percentile of the time that a client waited
 */
export async function takeTurns(contenders, { rounds, seconds, title, load }) {
  const results = new Map(contenders.map(({ name }) => [name, { perSecond: [], cpuMicros: [], p99Ms: [] }]))
  for (const contender of contenders) await load(contender, warmUpSeconds)
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 ? contenders.toReversed() : contenders) {
      const before = cpuSeconds(contender.pids)
      const { perSecond, requests, p99Ms } = await load(contender, seconds)
      const cpuMicros = ((cpuSeconds(contender.pids) - before) * 1e6) / requests
      const result = results.get(contender.name)
      result.perSecond.push(perSecond)
      result.cpuMicros.push(cpuMicros)
      result.p99Ms.push(p99Ms)
      const rate = `${Math.round(perSecond)}/s, ${cpuMicros.toFixed(1)} µs of CPU`
      console.error(`round ${round + 1}  ${title}, ${contender.name}: ${rate}`)
    }
  }
  return Object.fromEntries([...results].map(([name, lists]) => [name, mediansOf(lists)]))
}

function mediansOf(lists) {
  return Object.fromEntries(Object.entries(lists).map(([key, values]) => [key, median(values)]))
}
