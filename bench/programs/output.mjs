// One program that prints without pause beside a neighbour that prints a numbered line every 10 ms, and a web worker: nobody
// but the one who prints too much loses a line, and the supervisor answers.
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { table } from '../support/machine.mjs'
import { freePort } from '../support/processes.mjs'
import { cpuOf, floodMark, residentMib, startProgramTree, writtenBytes } from '../support/program-tree.mjs'

const neighbour = `
let number = 0
setInterval(() => console.log('neighbour ' + ++number + ' ' + Date.now()), 10)
`
const app = `export default { fetch: () => new Response('served') }`
const files = { 'neighbour.mjs': neighbour, 'app.mjs': app }

/** 100 bytes with the newline. */
const line = `${floodMark} `.padEnd(99, 'x')
const rotated = { file: 'flood.log', maxBytes: '16MB', backups: 2 }

/** What is printed without pause, and where it goes. The first is what to compare with. */
const cases = {
  'no flood': { flood: ['sleep', '1000'] },
  'lines of 100 bytes, to a rotated file': { flood: ['yes', line], stdout: rotated },
  'lines of 100 bytes, to stdout as JSON': { flood: ['yes', line] },
  'lines of 100 bytes, to stdout as they are': { flood: ['yes', line], format: 'raw' },
  'lines of 6 bytes, to a rotated file': { flood: ['yes', floodMark], stdout: rotated },
  'lines of 6 bytes, to stdout as JSON': { flood: ['yes', floodMark] },
}

/** Wanted: no line of the neighbour is lost, and what the loud one has lost is told of in the log. */
export async function run({ seconds, only }) {
  const rows = []
  let isReached = true
  for (const [name, options] of Object.entries(cases)) {
    if (only !== undefined && !name.includes(only)) continue
    const { lost, isTold, ...figures } = await measure({ seconds, ...options })
    isReached &&= lost === 0 && isTold
    rows.push([name, ...Object.values(figures), lost, isTold ? 'yes' : 'NO'])
    console.error(rows.at(-1).join('  '))
  }
  const head = [
    `${seconds} s each`,
    'printed MB/s',
    'written MB/s',
    'dropped MB/s',
    'supervisor CPU %',
    'MiB',
    'status ms: p50, p99, longest',
    'web p99 ms',
    'neighbour, p99 late ms',
    'its lines lost',
    'all drops told',
  ]
  console.log(`\n${table(head, rows)}`)
  return isReached
}

async function measure({ seconds, flood, stdout, format = 'json' }) {
  const port = await freePort()
  const tree = await startProgramTree({
    files,
    log: { format },
    apps: { web: { app: './app.mjs', listen: `127.0.0.1:${port}`, workers: 1, accessLog: false } },
    programs: {
      loud: { command: flood, startSeconds: 0, ...(stdout ? { stdout } : {}) },
      neighbour: { command: [process.execPath, 'neighbour.mjs'], startSeconds: 0 },
    },
  })
  try {
    await tree.line(/neighbour 100 /)
    const begun = await look(tree)
    const until = performance.now() + seconds * 1000
    const [statusMs, webMs] = await Promise.all([
      everyMs(20, until, () => tree.status()),
      everyMs(20, until, () => get(port)),
    ])
    const ended = await look(tree)
    const memory = residentMib(tree.pid)
    await tree.command('stop', 'loud')
    const { dropped } = await look(tree)
    const isTold = await untilTold(tree, dropped)
    await tree.command('stop')
    await tree.ended
    const took = (ended.at - begun.at) / 1000
    const rate = what => (ended[what] - begun[what]) / took
    return {
      printed: (rate('printed') / 1e6).toFixed(0),
      written: (rate('written') / 1e6).toFixed(0),
      dropped: ((rate('dropped') * (flood[1].length + 1)) / 1e6).toFixed(0),
      cpu: (100 * rate('cpu')).toFixed(0),
      memory: memory.toFixed(0),
      status: [50, 99, 100].map(percent => percentile(statusMs, percent)).join(', '),
      web: percentile(webMs, 99),
      ...neighbourLines(tree.lines),
      isTold,
    }
  } finally {
    await tree.remove()
  }
}

async function look(tree) {
  const { pid, logDropped } = (await tree.status()).children.find(({ app }) => app === 'loud')
  return {
    at: performance.now(),
    dropped: logDropped,
    printed: pid === undefined ? 0 : writtenBytes(pid),
    written: writtenBytes(tree.pid),
    cpu: cpuOf(tree.pid),
  }
}

/** Whether the log comes to say of all lines that they were dropped; it may take 10 s to say so of the last. */
async function untilTold(tree, dropped) {
  const told = () =>
    tree.lines.reduce((sum, { text }) => sum + Number(/log\.dropped.*lines"?[:=](\d+)/.exec(text)?.[1] ?? 0), 0)
  for (let waits = 0; told() < dropped && waits < 150; waits++) await pause(100)
  return told() === dropped
}

/** How long each call took, in milliseconds; the next begins when the one before has ended, and not before its time. */
async function everyMs(ms, until, call) {
  const times = []
  while (performance.now() < until) {
    const startedAt = performance.now()
    await call()
    times.push(performance.now() - startedAt)
    await pause(Math.max(0, ms - times.at(-1)))
  }
  return times
}

function get(port) {
  return new Promise((resolve, reject) => {
    const at = { port, host: '127.0.0.1', agent: false }
    http.get(at, response => response.resume().once('end', resolve)).once('error', reject)
  })
}

/** How late each line was when it came out at the other end, and how many never did. */
function neighbourLines(lines) {
  const found = lines.flatMap(({ text, at }) => {
    const [, number, printedAt] = /neighbour (\d+) (\d+)/.exec(text) ?? []
    return number === undefined ? [] : [{ number: Number(number), lateMs: at - Number(printedAt) }]
  })
  const late = found.map(({ lateMs }) => lateMs)
  return { late: percentile(late, 99), lost: found.at(-1).number - new Set(found.map(({ number }) => number)).size }
}

function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))].toFixed(1)
}
