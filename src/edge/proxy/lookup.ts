import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../../base/clock.ts'

const refreshAfterMs = 30_000

interface Entry {
  addresses: readonly LookupAddress[]
  refreshAt: number
}

type Resolve = (name: string) => Promise<readonly LookupAddress[]>

/**
 * Resolves the names of upstreams, and keeps what it has found: a connection waits for DNS only the first time. After 30
 * seconds the next connection begins a fresh look in the background; while DNS fails the last answer stays in use.
 */
export function createLookup(clock: Pick<Clock, 'now'>, resolve: Resolve = resolveBySystem): LookupFunction {
  // As many names as the configuration has: none ever comes from a request.
  const known = new Map<string, Entry>()
  const running = new Map<string, Promise<readonly LookupAddress[]>>()
  const refresh = (name: string) => {
    const current = running.get(name)
    if (current) return current
    const found = resolve(name).then(addresses => {
      known.set(name, { addresses, refreshAt: clock.now() + refreshAfterMs })
      return addresses
    })
    running.set(name, found)
    found.then(
      () => running.delete(name),
      () => running.delete(name),
    )
    return found
  }
  return (name, options, callback) => {
    const give = (addresses: readonly LookupAddress[]) => {
      const wanted = addresses.filter(({ family }) => !options.family || options.family === family)
      const [first] = wanted
      if (!first) callback(Object.assign(new Error(`No address of ${name}.`), { code: 'ENOTFOUND' }), '')
      else if (options.all) callback(null, [...wanted])
      else callback(null, first.address, first.family)
    }
    // Never at once: a socket is not ready for that.
    const answer = (addresses: readonly LookupAddress[]) => process.nextTick(give, addresses)
    const entry = known.get(name)
    if (entry) {
      if (clock.now() >= entry.refreshAt) refresh(name).catch(() => {})
      answer(entry.addresses)
    } else {
      refresh(name).then(answer, error => callback(error, ''))
    }
  }
}

const resolveBySystem: Resolve = name => systemLookup(name, { all: true })
