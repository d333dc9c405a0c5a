// `npm run bench:edge [-- static …] [--rounds 3 --seconds 3]`: the edge against Debian's nginx, side by side in one run.
// Each other file of this folder is a row: `export async function run({ rounds, seconds })`, which measures, prints its
// table and returns whether what is promised was reached. Without names all rows run.
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../support/machine.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
})
const rows = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.mjs') && file !== basename(import.meta.filename))
  .map(file => basename(file, '.mjs'))
  .sort()
const unknown = positionals.filter(name => !rows.includes(name))
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; there are ${rows.join(', ')}.`)

console.log(`${machine()}\n${values.seconds} s, ${values.rounds} rounds`)
const options = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
for (const name of positionals.length > 0 ? positionals : rows) {
  const { run } = await import(join(import.meta.dirname, `${name}.mjs`))
  if (!(await run(options))) process.exitCode = 1
}
