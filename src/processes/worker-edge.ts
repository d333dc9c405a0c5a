/** Wires the edge of a worker: its settings, and what its steps may use of the tree. */
import { systemClock } from '../base/clock.ts'
import { type Log, type LogLevel, logLevels } from '../base/log.ts'
import type { Application } from '../edge/application.ts'
import { createEdge, type Edge } from '../edge/edge.ts'
import type { EdgeSettings } from '../edge/options.ts'
import type { EdgeServices } from '../edge/services.ts'
import type { CredentialSource, Credentials } from '../edge/tls/credentials.ts'
import { sendToSupervisor } from '../ipc/channel.ts'
import type { WorkerSpec } from '../ipc/messages.ts'

export interface WorkerEdge {
  create(application: Application | undefined): Promise<Edge>
  receiveCredentials(credentials: object): void
}

export function wireEdge(spec: WorkerSpec): WorkerEdge {
  const settings = spec.edge as EdgeSettings
  const mailbox = new CredentialMailbox()
  const services: EdgeServices = {
    worker: `${spec.app}:${spec.index}`,
    app: spec.app,
    workers: spec.workersMax,
    clock: systemClock,
    log: supervisorLog(),
    httpsPort: httpsPortOf(spec),
    readyPath: spec.readyPath,
    openStore: async () => (await import('../store/tree-store.ts')).store,
  }
  return {
    async create(application) {
      const credentials = settings.tls && (await mailbox.open())
      return createEdge(settings, application, { ...services, credentials })
    },
    receiveCredentials: credentials => mailbox.receive(credentials as Credentials),
  }
}

/** What the supervisor sends for TLS: the first of it is waited for, the rest comes when it comes. */
class CredentialMailbox {
  readonly #listeners: ((credentials: Credentials) => void)[] = []
  readonly #first = Promise.withResolvers<Credentials>()

  async open(): Promise<CredentialSource> {
    sendToSupervisor({ type: 'saola.credentials-wanted' })
    const source = { current: await this.#first.promise, onChange: this.#listeners.push.bind(this.#listeners) }
    this.#listeners.push(credentials => {
      source.current = credentials
    })
    return source
  }

  receive(credentials: Credentials): void {
    this.#first.resolve(credentials)
    for (const listener of this.#listeners) listener(credentials)
  }
}

/** Of a socket that somebody has passed it is not known. */
function httpsPortOf({ sockets }: WorkerSpec): number | undefined {
  const found = sockets.find(({ protocol, address }) => protocol === 'https' && /:\d+$/.test(address))
  return found && Number(found.address.slice(found.address.lastIndexOf(':') + 1))
}

/** Events go to the supervisor, which has the log. */
function supervisorLog(): Log {
  const writer =
    (level: LogLevel): Log['info'] =>
    (event, fields = {}) =>
      void sendToSupervisor({ type: 'saola.log', level, event, fields })
  const writers = logLevels.map(level => [level, writer(level)] as const)
  return Object.fromEntries(writers) as unknown as Log
}
