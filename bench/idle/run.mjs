// `npm run bench:idle [-- --seconds 20]`: what a supervisor costs while nothing happens. Linux only: reads /proc.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { candidates } from '../support/candidates.mjs'
import { machine } from '../support/machine.mjs'
import { freePort, untilAnswering } from '../support/processes.mjs'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } })
const seconds = Number(values.seconds)
const ticksPerSecond = 100

const port = await freePort()
const running = await candidates.Saola.start({ port, workers: 2 })
try {
  await untilAnswering(port)
  await pause(3)
  const before = ticks(running.pid)
  await pause(seconds)
  const percent = (100 * (ticks(running.pid) - before)) / ticksPerSecond / seconds
  const memory = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))[1] / 1024
  console.log(
    `${machine()}\nsupervisor of 2 idle workers, ${seconds} s: ${percent.toFixed(2)} % CPU, ${memory.toFixed(0)} MiB`,
  )
} finally {
  await running.stop()
}

function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function pause(forSeconds) {
  return new Promise(resolve => setTimeout(resolve, forSeconds * 1000))
}
