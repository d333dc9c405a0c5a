import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// Below those that the system gives to whoever asks for any, and to connections: none of them is taken by chance until it is used, or
// while its server is started again.
const portMin = 20_000
const portMax = 32_767
const triesMax = 1_000

/** Ports of 127.0.0.1 that nobody has now. All of them are held until the last is found, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = []
  for (let tries = 0; servers.length < count && tries < triesMax; tries++) {
    const server = createServer()
    const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1))
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (isFree) servers.push(server)
  }
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  if (ports.length < count) throw new Error(`Only ${ports.length} of ${count} ports are free.`)
  return ports
}
