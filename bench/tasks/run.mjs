// `npm run bench:tasks [-- enqueue burn-down …] [--rounds 3 --jobs 20000 --only Saola --skip-slow]`: background tasks beside BullMQ
// and Celery on the same machine, in one run. Each other file of this folder is a row: `export async function run(options)`, which
// measures, prints its table and returns whether what is promised was reached. Without names all rows run but the storm.
//
// Read the ratios, not the numbers, and beside them the CPU time of a job: it is that of all processes that have to do with it.
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../support/machine.mjs'
import { installTaskPeers } from '../support/task-peers.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '20000' },
    /** Only this contender, to profile it. */
    only: { type: 'string' },
    /** The storm on a redis-server. */
    redis: { type: 'boolean', default: false },
    /** Leaves out what takes minutes: how long BullMQ takes to notice that a worker was killed. */
    'skip-slow': { type: 'boolean', default: false },
  },
})
const byNameOnly = ['storm']
const rows = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map(file => basename(file, '.mjs'))
  .sort()
const unknown = positionals.filter(name => !rows.includes(name))
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; there are ${rows.join(', ')}.`)

await installTaskPeers()
console.log(`${machine()}\n${values.jobs} jobs, median of ${values.rounds} rounds`)
const options = {
  rounds: Number(values.rounds),
  jobs: Number(values.jobs),
  only: values.only,
  skipSlow: values['skip-slow'],
  redis: values.redis,
}
for (const name of positionals.length > 0 ? positionals : rows.filter(row => !byNameOnly.includes(row))) {
  const { run } = await import(join(import.meta.dirname, `${name}.mjs`))
  if (!(await run(options))) process.exitCode = 1
}
// What a contender keeps open is of no more use.
process.exit()
