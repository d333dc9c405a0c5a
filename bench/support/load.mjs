// The load generator: wrk, or autocannon where wrk cannot be had (it is slower, and so limits the quick candidates).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureSystemPackages } from '../../scripts/system-packages.mjs'
import { benchRoot, pinned } from './candidates.mjs'
import { run } from './processes.mjs'

export const loadGenerator = ensureSystemPackages(['bench/http/run.mjs']).length === 0 ? 'wrk' : 'autocannon'
const autocannon = join(benchRoot, 'node_modules', '.bin', 'autocannon')

/** Requests per second that were answered with success. `isKept`: on connections that stay open. */
export async function load({ port, connections, seconds, isKept, cores }) {
  const url = `http://127.0.0.1:${port}/`
  return loadGenerator === 'wrk'
    ? withWrk({ url, connections, seconds, isKept, cores })
    : withAutocannon({ url, connections, seconds, isKept, cores })
}

async function withWrk({ url, connections, seconds, isKept, cores }) {
  const close = isKept ? [] : ['-H', 'Connection: close']
  const output = await run(...pinned(cores, 'wrk', ['-t1', `-c${connections}`, `-d${seconds}`, ...close, url]))
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output)
  if (failed) throw new Error(`${failed[1]} answers were no success:\n${output}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1])
}

async function withAutocannon({ url, connections, seconds, isKept, cores }) {
  if (!existsSync(autocannon)) throw new Error('Neither wrk nor autocannon is there.')
  const close = isKept ? [] : ['-H', 'Connection=close']
  const args = [autocannon, '-c', String(connections), '-d', String(seconds), '--json', '--no-progress', ...close, url]
  const output = await run(...pinned(cores, process.execPath, args))
  const result = JSON.parse(output.slice(output.indexOf('{')))
  if (result.non2xx > 0) throw new Error(`${result.non2xx} answers were no success.`)
  return result.requests.average
}
