// How the rows of bench/tasks are measured and printed: contenders take turns, the median of the rounds counts.
import { cpuSeconds } from './cpu.mjs'
import { median, table } from './machine.mjs'

export const data = { to: 'somebody@example.org', text: 'x'.repeat(120) }

/** Does the work and returns jobs a second and the CPU time of one, of this process and all that are named. */
export async function timed(pids, jobs, work) {
  const before = cpuSeconds(pids)
  const own = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(own)
  const cpu = (user + system) / 1e6 + cpuSeconds(pids) - before
  return { perSecond: jobs / seconds, cpuMicros: (cpu * 1e6) / jobs, seconds }
}

/**
 * Measures each of `cases`, `{ name, wanted, measure(contender, isWarmUp) }`, with each contender in turns.
 *
 * @returns {Promise<{ name: string, wanted?: number, results: Record<string, { perSecond: number, cpuMicros: number }> }[]>}
 */
export async function takeTurns(contenders, cases, { rounds, only }) {
  const chosen = contenders.filter(({ name }) => only === undefined || name === only)
  const lists = new Map()
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { name, measure }] of cases.entries()) {
      for (const contender of round % 2 ? chosen : chosen.toReversed()) {
        const result = await measure(contender, round === 0)
        const key = `${index} ${contender.name}`
        // The first round warms up.
        if (round > 0) lists.set(key, [...(lists.get(key) ?? []), result])
        const rate = `${Math.round(result.perSecond)}/s, ${result.cpuMicros.toFixed(0)} µs of CPU`
        console.error(`round ${round}  ${name}, ${contender.name}: ${rate}`)
      }
    }
  }
  return cases.map(({ name, wanted }, index) => ({
    name,
    wanted,
    results: Object.fromEntries(chosen.map(each => [each.name, medians(lists.get(`${index} ${each.name}`))])),
  }))
}

/** Prints the rows, and returns whether each has reached the ratio that is wanted of it: ours to the peer's. */
export function report(title, rows, { peer, ours }) {
  const head = [
    title,
    `${peer}/s`,
    `${ours}/s`,
    'ratio',
    `${peer} CPU µs`,
    `${ours} CPU µs`,
    'ratio',
    'wanted',
    'reached',
  ]
  const lines = rows.map(({ name, wanted, results }) => {
    const [theirs, own] = [results[peer], results[ours]]
    const rate = own && theirs && own.perSecond / theirs.perSecond
    const cpu = own && theirs && theirs.cpuMicros / own.cpuMicros
    const reached = wanted === undefined || rate === undefined ? '' : rate >= wanted ? 'yes' : 'no'
    const rates = [text(theirs?.perSecond, 0), text(own?.perSecond, 0), text(rate, 2)]
    const cpus = [text(theirs?.cpuMicros, 1), text(own?.cpuMicros, 1), text(cpu, 2)]
    return [name, ...rates, ...cpus, wanted === undefined ? '' : `≥ ${wanted}`, reached]
  })
  console.log(`\n${table(head, lines)}`)
  return lines.every(line => line.at(-1) !== 'no')
}

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

function text(value, digits) {
  return value === undefined ? '–' : value.toFixed(digits)
}

function medians(list) {
  return Object.fromEntries(Object.keys(list[0]).map(key => [key, median(list.map(each => each[key]))]))
}
