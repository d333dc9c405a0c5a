/** The connections of a server that must stay reachable, whoever holds how many of them. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const connectionsMax = 100

export interface Connections {
  readonly size: number
}

/**
 * When there are too many, the one that has asked for nothing for the longest time is closed for the new one: so a probe gets through
 * beside any number of silent clients.
 */
export function limitConnections(servers: readonly Server[]): Connections {
  // In the order of their last request.
  const open = new Set<Socket>()
  const busy = new Set<Socket>()
  for (const server of servers) {
    server.on('connection', socket => {
      if (open.size >= connectionsMax) closeQuietest(open, busy, socket)
      if (socket.destroyed) return
      open.add(socket)
      socket.once('close', () => {
        open.delete(socket)
        busy.delete(socket)
      })
    })
    server.on('request', ({ socket }, res) => {
      open.delete(socket)
      open.add(socket)
      busy.add(socket)
      res.once('close', () => busy.delete(socket))
    })
  }
  return open
}

function closeQuietest(open: ReadonlySet<Socket>, busy: ReadonlySet<Socket>, newcomer: Socket): void {
  const quietest = open.values().find(socket => !busy.has(socket) && !socket.destroyed) ?? newcomer
  quietest.destroy()
}
