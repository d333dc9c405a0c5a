import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface BreakableProxy {
  readonly url: string
  readonly state: {
    /** Requests arrive, answers do not. */
    isMute: boolean
    /** Requests do not arrive. */
    isDeaf: boolean
    /** Bytes of requests that did not arrive. */
    unheardBytes: number
    connections: number
    /** Where the next connections go. */
    port: number
  }
  /** Breaks all connections. */
  cut(): void
}

/** A way to a port of this machine that can be broken. It is closed when the test ends. */
export async function openProxy(t: TestContext, port: number): Promise<BreakableProxy> {
  const sockets = new Set<Socket>()
  const state = { isMute: false, isDeaf: false, unheardBytes: 0, connections: 0, port }
  const server = createServer(client => {
    state.connections++
    const target = connect(state.port, '127.0.0.1')
    target.on('data', data => state.isMute || client.write(data))
    client.on('data', data => {
      if (state.isDeaf) state.unheardBytes += data.length
      else target.write(data)
    })
    for (const [one, other] of [[client, target] as const, [target, client] as const]) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    cut()
    server.close()
  })
  return { url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`, state, cut }
}
