/** Where `program:NAME` in `edge.proxy` leads to. */
import { type Address, formatAddress } from '../base/address.ts'
import { formatTcpTarget, parseTcpTarget } from '../base/tcp-target.ts'
import { formsOf } from '../base/templates.ts'
import type { ProgramOptions } from '../programs/options.ts'
import type { DraftProgram } from './draft-programs.ts'

/** What an upstream group may have at most (edge/proxy/options.ts). */
const upstreamsMax = 256

export type ProgramAddresses =
  | { readonly urls: readonly string[] }
  /** The end of a sentence: what there is instead. */
  | { readonly problem: string }

type Addressed = Pick<DraftProgram, 'name'> & {
  readonly given: Pick<Partial<ProgramOptions>, 'listen' | 'ready' | 'instances'>
}

/**
 * The upstreams that a program stands for, one for each instance with an address of its own: its first listen address, else
 * where it is asked whether it is ready.
 */
export function addressesOfProgram({ name, given }: Addressed, env: NodeJS.ProcessEnv): ProgramAddresses {
  const { listen = [], ready, instances = 1 } = given
  const own = listen.find(({ kind }) => kind === 'tcp' || kind === 'unix')
  if (own?.kind === 'tcp' && own.port === 0) {
    return { problem: `${formatAddress(own)}: give listen a port, since 0 is another one at each start` }
  }
  const text = own ? urlOfListen(own) : urlOfReady(ready)
  if (text === undefined) return { problem: 'none: give the program listen, ready: { tcp } or ready: { http }' }
  const urls = new Set(formsOf(text, { name, env }, instances).map(urlOf))
  if (urls.size > upstreamsMax) return { problem: `${urls.size}, and a proxy has ${upstreamsMax} at most` }
  return { urls: [...urls] }
}

/** Who listens on every interface is reached by the nearest. */
function urlOfListen(address: Address): string {
  if (address.kind !== 'tcp') return formatAddress(address)
  const host =
    address.host === '::' ? '::1' : address.host === '0.0.0.0' || address.host === '' ? '127.0.0.1' : address.host
  return `http://${formatAddress({ ...address, host })}`
}

function urlOfReady(ready: ProgramOptions['ready']): string | undefined {
  if (!ready) return undefined
  if ('tcp' in ready) return `tcp:${ready.tcp}`
  return 'http' in ready ? ready.http : undefined
}

/** As an upstream, when every place in it is filled. */
function urlOf(text: string): string {
  if (text.startsWith('unix:')) return text
  if (text.startsWith('tcp:')) return `http://${formatTcpTarget(parseTcpTarget(text.slice('tcp:'.length)))}`
  return new URL(text).origin
}

/** `legacy` of `program:legacy`; undefined for any other upstream. */
export function programOfUpstream(url: string): string | undefined {
  return /^program:(.*)$/s.exec(url)?.[1]
}
