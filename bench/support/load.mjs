// The load generator: wrk, or autocannon where wrk cannot be had (it is slower, and so limits the quick candidates).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureSystemPackages } from '../../scripts/system-packages.mjs'
import { benchRoot, pinned } from './candidates.mjs'
import { run } from './processes.mjs'

export const loadGenerator = ensureSystemPackages(['bench/http/run.mjs']).includes('wrk') ? 'autocannon' : 'wrk'
const autocannon = join(benchRoot, 'node_modules', '.bin', 'autocannon')

/** Requests per second that were answered with success. `isKept`: on connections that stay open. */
export async function load(options) {
  return (await measureLoad(options)).perSecond
}

/**
 * As `load`, and how many requests that were, and the 99th percentile of their latency. `url` in place of `port` and `path`;
 * `script`: a file for wrk that says what is asked for.
 */
export async function measureLoad({ port, path = '', url = `http://127.0.0.1:${port}/${path}`, ...options }) {
  return loadGenerator === 'wrk' ? withWrk({ url, ...options }) : withAutocannon({ url, ...options })
}

async function withWrk({ url, connections, seconds, isKept, cores, script }) {
  const close = isKept ? [] : ['-H', 'Connection: close']
  const asked = script ? ['-s', script] : []
  const args = ['-t1', `-c${connections}`, `-d${seconds}`, '--latency', ...close, ...asked, url]
  const output = await run(...pinned(cores, 'wrk', args))
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output)
  if (failed) throw new Error(`${failed[1]} answers were no success:\n${output}`)
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(output)
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]),
    requests: Number(/(\d+) requests in/.exec(output)[1]),
    p99Ms: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit],
  }
}

async function withAutocannon({ url, connections, seconds, isKept, cores, script }) {
  if (!existsSync(autocannon)) throw new Error('Neither wrk nor autocannon is there.')
  if (script) throw new Error('This needs wrk.')
  const close = isKept ? [] : ['-H', 'Connection=close']
  const args = [autocannon, '-c', String(connections), '-d', String(seconds), '--json', '--no-progress', ...close, url]
  const output = await run(...pinned(cores, process.execPath, args))
  const result = JSON.parse(output.slice(output.indexOf('{')))
  if (result.non2xx > 0) throw new Error(`${result.non2xx} answers were no success.`)
  return { perSecond: result.requests.average, requests: result.requests.total, p99Ms: result.latency.p99 }
}
