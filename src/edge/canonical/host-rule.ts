/** Which hosts this server answers for, and who is sent from one name to another. */
import { isIP } from 'node:net'
import type { EdgeSettings } from '../options.ts'
import type { EdgeServices } from '../services.ts'
import { createHostList, type Host } from './host.ts'
import { parseTarget } from './target.ts'

type Settings = Pick<EdgeSettings, 'hosts' | 'canonicalHost'>
type Services = Pick<EdgeServices, 'readyPath'>

/**
 * Whether a request for a host is taken at all; undefined when every one is. Besides `hosts`, names that `canonicalHost` sends
 * elsewhere are: nothing but the redirect, whose host the configuration has, answers them. So are checks of health, which
 * come to an address, or to a name that only the machines know.
 */
export function createHostRule(
  { hosts, canonicalHost }: Settings,
  services: Services,
): ((host: Host | undefined, path: string) => boolean) | undefined {
  if (hosts.length === 0) return undefined
  const list = createHostList(hosts)
  const isCheck = createCheckTest(services)
  return (host, path) => {
    if (host && (list.has(host) || (canonicalHost !== undefined && isName(host.name)))) return true
    return isCheck(path)
  }
}

/** Whether a request comes to a name that `canonicalHost` sends to another one. `host` is as EdgeRequest has it. */
export function createOtherNameTest(
  canonicalHost: string,
  services: Services,
): (request: { readonly host: string; readonly path: string }) => boolean {
  const isCheck = createCheckTest(services)
  return ({ host, path }) => {
    if (host === canonicalHost || host === '') return false
    return isName(host.replace(/:\d+$/, '')) && !isCheck(path)
  }
}

const anySpelling = { allowEncodedSlash: [], refuseSemicolon: false }

/** The path of `ready.path` as the edge reads it in a request: it may have a query. */
export function readyPathOf({ readyPath }: Services): string | undefined {
  return readyPath === undefined ? undefined : parseTarget(readyPath, 'GET', anySpelling)?.path
}

/** Exactly `ready.path`. The front page is asked for by others, too, so it is no check. */
function createCheckTest(services: Services): (path: string) => boolean {
  const ready = readyPathOf(services)
  return path => path === ready && path !== '/'
}

/** Checks of health come to an address, and who tries things out to localhost. */
function isName(name: string): boolean {
  return isIP(name) === 0 && !name.startsWith('[') && name !== 'localhost'
}
