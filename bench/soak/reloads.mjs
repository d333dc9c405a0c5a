// `npm run bench:soak [-- --reloads 1000]`: reloads under a light load leave no trace in the supervisor: descriptors,
// zombies and memory stay flat. Ends with an error when they do not, or when a request was lost. Linux only: reads /proc.
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { parseArgs } from 'node:util'
import { candidates, saolaBin } from '../support/candidates.mjs'
import { machine, table } from '../support/machine.mjs'
import { freePort, run, untilAnswering } from '../support/processes.mjs'

const { values } = parseArgs({ options: { reloads: { type: 'string', default: '1000' } } })
const reloads = Number(values.reloads)
const samples = 10
// What a heap may grow by between two collections; a leak of one handle a reload would be far above it.
const growthMaxMib = 25

const port = await freePort()
const running = await candidates.Saola.start({ port, workers: 2 })
const load = { ok: 0, failed: 0, isOver: false }
try {
  await untilAnswering(port)
  const clients = Promise.all([client(), client()])
  const rows = []
  for (let done = 0; done < reloads; ) {
    const upTo = Math.min(reloads, done + Math.ceil(reloads / samples))
    for (; done < upTo; done++) await run(process.execPath, [saolaBin, 'reload', '--wait'], { cwd: running.dir })
    rows.push([done, ...Object.values(traces(running.pid)), load.ok, load.failed])
    console.error(`${done} reloads: ${rows.at(-1).join(' ')}`)
  }
  load.isOver = true
  await clients
  console.log(`${machine()}\n`)
  console.log(table(['reloads', 'descriptors', 'zombies', 'RSS MiB', 'answered', 'lost'], rows))
  process.exitCode = isFlat(rows) && load.failed === 0 ? 0 : 1
} finally {
  load.isOver = true
  await running.stop()
}

/** One user who opens a connection for each request and never repeats one. */
async function client() {
  while (!load.isOver) {
    await new Promise(resolve => {
      const request = http.get({ port, host: '127.0.0.1', agent: false }, response => {
        response.resume()
        response.once('end', () => {
          load.ok++
          resolve()
        })
      })
      request.once('error', () => {
        load.failed++
        resolve()
      })
    })
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

function traces(pid) {
  const descriptors = readdirSync(`/proc/${pid}/fd`).length
  const zombies = readdirSync('/proc').filter(name => /^\d+$/.test(name) && isZombieOf(name, pid)).length
  const memory = Math.round(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1] / 1024)
  return { descriptors, zombies, memory }
}

function isZombieOf(name, parent) {
  try {
    const [state, ppid] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ')
    return state === 'Z' && Number(ppid) === parent
  } catch {
    return false
  }
}

/** The last tenth against the first: a little noise is no growth. */
function isFlat(rows) {
  const [, descriptors, , memory] = rows[0]
  const [, descriptorsAtEnd, zombies, memoryAtEnd] = rows.at(-1)
  return Math.abs(descriptorsAtEnd - descriptors) <= 12 && zombies === 0 && memoryAtEnd - memory <= growthMaxMib
}
