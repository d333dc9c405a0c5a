/** What of a deployment is the same for a Dockerfile and for Compose. */
import { resolve } from 'node:path'
import { type Address, formatAddress } from '../base/address.ts'
import type { DeployedApp, Deployment } from './deployment.ts'
import { placeOf, portsOf } from './deployment.ts'

/** Where the project is in an image. */
export const workFolder = '/app'

/** What to listen on where a configuration says nothing that would do in a container. */
const portDefault = 8000

/** A folder of the machine as the container has it. */
export function inContainer(path: string, { folder }: Pick<Deployment, 'folder'>): string {
  return resolve(workFolder, placeOf(path, folder))
}

/** Folders that the server writes to, as the container has them. */
export function writtenFolders(deployment: Deployment): string[] {
  const { stateFolder, writtenFolders } = deployment
  return [...new Set([stateFolder, ...writtenFolders].map(path => inContainer(path, deployment)))]
}

/** Those that may outlive the container. The project itself may not: it comes with the image. */
export function keptFolders(deployment: Deployment): string[] {
  return writtenFolders(deployment).filter(path => path !== workFolder)
}

/** The ports that are reached from outside, in the container as anywhere. */
export function exposedPorts({ apps }: Deployment): number[] {
  return [...new Set(apps.flatMap(app => [...containerPorts(app, 'listen'), ...containerPorts(app, 'redirect')]))]
}

function containerPorts(app: DeployedApp, setting: 'listen' | 'redirect'): number[] {
  const addresses = app[setting]
  if (addresses.length === 0) return []
  const ports = portsOf(addresses)
  const isOnlyUnix = addresses.every(({ kind }) => kind === 'unix')
  return ports.length > 0 || isOnlyUnix ? ports : [portDefault]
}

/**
 * Variables that make applications reachable: 127.0.0.1 is only the container itself, and no socket is passed to it. PORT where
 * that says all of it, because platforms set it, too.
 */
export function listenVariables({ apps }: Deployment): [name: string, value: string][] {
  return apps.flatMap(app =>
    (['listen', 'redirect'] as const).flatMap(setting => {
      const given = app[setting]
      const isReached = given.every(address => address.kind === 'unix' || isEveryInterface(address))
      if (isReached) return []
      const ports = containerPorts(app, setting)
      const sockets = given.filter(({ kind }) => kind === 'unix')
      const isPort = app.takesPort && setting === 'listen' && ports.length === 1 && sockets.length === 0
      if (isPort) return [['PORT', String(ports[0])]]
      const wanted = [...ports.map(port => `0.0.0.0:${port}`), ...sockets.map(formatAddress)]
      return [[app.variables[setting], wanted.join(',')]]
    }),
  )
}

function isEveryInterface(address: Address): boolean {
  return address.kind === 'tcp' && address.port > 0 && ['', '0.0.0.0', '::'].includes(address.host)
}

/** A command that ends with 0 when the server is well: by Node, because an image has no curl. */
export function healthCommand(deployment: Deployment): string[] {
  const app = deployment.apps.find(candidate => containerPorts(candidate, 'listen').length > 0)
  if (!app) return ['saola', 'status']
  const [port = portDefault] = containerPorts(app, 'listen')
  return ['node', '-e', app.hasTls ? connects(port) : answers(app, port)]
}

/** Without a path that says it, any answer but a fault of the server will do. */
function answers({ ready, takesPort }: DeployedApp, port: number): string {
  const isWell = ready ? `status === ${ready.status}` : 'status < 500'
  const origin = takesPort ? `'http://127.0.0.1:' + (process.env.PORT || ${port})` : `'http://127.0.0.1:${port}'`
  const url = `${origin} + ${JSON.stringify(ready?.path ?? '/')}`
  return `fetch(${url}, { redirect: 'manual' }).then(({ status }) => process.exit(${isWell} ? 0 : 1), () => process.exit(1))`
}

/** Its certificate is for another name than 127.0.0.1, and so would be refused, or refuse. */
function connects(port: number): string {
  return `require('net').connect(${port}, '127.0.0.1').once('connect', () => process.exit(0)).once('error', () => process.exit(1))`
}

export const healthTimes = { intervalSeconds: 30, timeoutSeconds: 5, retries: 3 } as const

/** While it boots, a failed check does not count. */
export function bootSeconds({ bootMs }: Deployment): number {
  return Math.ceil(bootMs / 1_000)
}

/** The words of `saola start` in a container. */
export function startCommand({ configFile, folder }: Deployment): string[] {
  return ['saola', 'start', ...(configFile === undefined ? [] : ['-c', placeOf(configFile, folder)])]
}
