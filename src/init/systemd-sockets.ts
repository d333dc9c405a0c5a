/**
 * Sockets of a service of systemd. It binds them, as root, before the service is there, and keeps them while that is restarted:
 * connections wait, and none is refused.
 */
import { isIP } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import type { DeployedApp, Deployment } from './deployment.ts'
import { unitText } from './unit-text.ts'

export interface SocketUnit {
  /** `shop.socket` */
  readonly file: string
  /** FileDescriptorName, by which the configuration knows it. */
  readonly name: string
  /** Values of ListenStream. */
  readonly streams: readonly string[]
  readonly backlog: number
}

export interface SocketPlan {
  readonly units: readonly SocketUnit[]
  /** What tells the applications to take these sockets, whatever the configuration says. */
  readonly variables: readonly (readonly [name: string, value: string])[]
  /** What they go on binding themselves. */
  readonly left: readonly Address[]
  readonly notes: readonly string[]
}

// For a configuration that names a socket and not where that listens.
const streamDefault = '8000'

export function planSockets({ name, apps, otherListen }: Deployment): SocketPlan {
  const wishes = apps.flatMap(app =>
    [wishOf(app, 'listen'), wishOf(app, 'redirect')].filter(wish => wish !== undefined),
  )
  const named = wishes.flatMap(wish => wish.names.map(given => ({ ...wish, given })))
  return {
    units: named.map(({ given, streams, backlog }) => ({
      file: `${named.length === 1 ? name : `${name}-${given}`}.socket`,
      name: given,
      streams,
      backlog,
    })),
    variables: wishes.flatMap(({ variable }) => (variable ? [variable] : [])),
    left: [...otherListen, ...wishes.flatMap(({ left }) => left)],
    notes: wishes.flatMap(({ notes }) => notes),
  }
}

interface SocketWish {
  readonly names: readonly string[]
  readonly streams: readonly string[]
  readonly backlog: number
  readonly variable: readonly [string, string] | undefined
  readonly left: readonly Address[]
  readonly notes: readonly string[]
}

function wishOf(app: DeployedApp, setting: 'listen' | 'redirect'): SocketWish | undefined {
  const addresses = app[setting]
  if (addresses.length === 0) return undefined
  const { backlog } = app
  const where = `apps.${app.name}.${setting === 'listen' ? 'listen' : 'tls.redirect'}`
  const asked = addresses.flatMap(address => (address.kind === 'systemd' ? [address.name] : []))
  const streams = addresses.map(streamOf)
  if (asked.length === addresses.length) {
    const notes = [`${where} is a socket of systemd already: check ListenStream=, here it is a guess.`]
    return { names: [...new Set(asked)], streams: [streamDefault], backlog, variable: undefined, left: [], notes }
  }
  const odd = addresses.filter((_, index) => streams[index] === undefined).map(formatAddress)
  if (odd.length > 0) {
    const notes = [`${where} stays as it is: systemd cannot bind ${odd.join(', ')}.`]
    return { names: [], streams: [], backlog, variable: undefined, left: addresses, notes }
  }
  const name = setting === 'listen' ? app.name : `${app.name}-redirect`
  const variable = [app.variables[setting], `systemd:${name}`] as const
  return { names: [name], streams: streams.flatMap(stream => stream ?? []), backlog, variable, left: [], notes: [] }
}

/** Names of hosts mean nothing to systemd. */
function streamOf(address: Address): string | undefined {
  if (address.kind === 'unix') return address.path
  if (address.kind !== 'tcp' || address.port === 0) return undefined
  const host = address.host === 'localhost' ? '127.0.0.1' : address.host
  if (host === '') return String(address.port)
  return isIP(host) ? formatAddress({ ...address, host }) : undefined
}

export interface SocketOwner {
  readonly service: string
  readonly user: string
}

export function socketText({ name, streams, backlog }: SocketUnit, { service, user }: SocketOwner): string {
  const hasPath = streams.some(stream => stream.startsWith('/'))
  const lines = [
    '# Written by "saola init systemd". It is yours: change what does not fit.',
    '[Unit]',
    `Description=Socket ${unitText(name)} of ${unitText(service)}`,
    '',
    '[Socket]',
    ...streams.map(stream => `ListenStream=${unitText(stream)}`),
    `# The configuration knows it as systemd:${name}.`,
    `FileDescriptorName=${name}`,
    `Backlog=${backlog}`,
    ...(hasPath ? [`SocketUser=${user}`, 'SocketMode=0660'] : []),
    `Service=${unitText(service)}`,
    '',
    '[Install]',
    'WantedBy=sockets.target',
  ]
  return `${lines.join('\n')}\n`
}
