/** The owner's own socket: RESP for the processes of its user. The door for everybody else is door.ts. */
import net from 'node:net'
import type { Owner } from '../owner/owner.ts'
import type { ConnectionLimits } from './connection.ts'
import { Connections } from './connections.ts'

export interface RespServer {
  /** Open connections. */
  readonly size: number
  /** That have come since the start. */
  readonly requests: number
  /** Ends them, after what was answered is sent. */
  close(): Promise<void>
}

export interface ServeOptions {
  readonly limits: Omit<ConnectionLimits, 'queryBytesMax'> & { readonly clientsMax: number }
  /** Called when the last connection ends. */
  readonly onIdle?: () => void
}

/** Serves on a socket path or address, for whoever may do everything. Rejects when it cannot listen. */
export async function serveResp(
  owner: Owner,
  listen: net.ListenOptions,
  { limits, onIdle }: ServeOptions,
): Promise<RespServer> {
  const connections = new Connections(owner, {
    limits: { ...limits, queryBytesMax: Number.POSITIVE_INFINITY },
    clientsMax: limits.clientsMax,
    isLocal: true,
    onIdle,
  })
  const address = `${listen.path ?? ''}:0`
  const server = net.createServer({ noDelay: true }, socket =>
    connections.admit(socket, { address, localAddress: address }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen, resolve)
  })
  return {
    get size() {
      return connections.size
    },
    get requests() {
      return connections.requests
    },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      await connections.close()
      await closed
    },
  }
}
