// `npm run bench:programs [-- fleet output] [--rounds 3 --seconds 10 --only stdout]`: programs of any language in a tree. Each other file of
// this folder is a row: `export async function run(options)`, which measures, prints its table and returns whether what is promised
// was reached. Linux only: reads /proc.
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../support/machine.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    /** Only the cases of a row that have this in their name. */
    only: { type: 'string' },
  },
})
const rows = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map(file => basename(file, '.mjs'))
const unknown = positionals.filter(name => !rows.includes(name))
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; there are ${rows.join(', ')}.`)

console.log(machine())
const options = { rounds: Number(values.rounds), seconds: Number(values.seconds), only: values.only }
for (const name of positionals.length > 0 ? positionals : rows) {
  const { run } = await import(join(import.meta.dirname, `${name}.mjs`))
  if (!(await run(options))) process.exitCode = 1
}
