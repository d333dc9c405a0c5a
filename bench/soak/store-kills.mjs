// `npm run bench:soak:store`: the promise of the store under kills in full. 80 owners, 60 writers and 60 readers are killed -9 at
// moments that nobody knows: no call fails, each write counts once, lists keep their order, and nothing holds the WAL. The tests
// that `npm test` runs with fewer kills.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { benchRoot } from '../support/candidates.mjs'
import { machine } from '../support/machine.mjs'

const files = { 'store-survives-kills': 80, 'store-survives-killed-clients': 60 }

console.log(machine())
for (const [name, kills] of Object.entries(files)) {
  const args = ['--test-reporter=spec', '--test', join(benchRoot, '..', 'test', `${name}.test.ts`)]
  const env = { ...process.env, SAOLA_KILLS: String(kills) }
  const [code] = await once(spawn(process.execPath, args, { env, stdio: 'inherit' }), 'exit')
  if (code !== 0) process.exitCode = 1
}
