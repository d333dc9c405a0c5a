// Promise 2 of tasks in full: 20,000 jobs, 50 kills of a worker, 5 of the owner (on Redis: of redis-server) and 2 of the whole tree.
// Runs only when it is asked for by its name; with `--redis` on the other engine.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { benchRoot } from '../support/candidates.mjs'

export async function run({ jobs, redis }) {
  const storm = { jobs, workerKills: 50, apartMs: 200, ownerKills: 5, treeKills: 2 }
  const file = join(benchRoot, '..', 'test', 'tasks-storm.test.ts')
  const pattern = redis ? 'the same on Redis' : 'the owner and the whole tree'
  const args = ['--test-name-pattern', pattern, '--test-reporter=spec', '--test', file]
  const env = { ...process.env, SAOLA_STORM: JSON.stringify(storm) }
  const child = spawn(process.execPath, args, { env, stdio: 'inherit' })
  // The test ends its trees when it is told to end, and is waited for.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const end = signal => child.kill(signal)
  for (const signal of signals) process.on(signal, end)
  const [code] = await once(child, 'exit')
  for (const signal of signals) process.off(signal, end)
  return code === 0
}
