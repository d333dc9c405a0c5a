/** The addresses of the network door: interfaces and socket paths. */
import { lstatSync, rmSync } from 'node:fs'
import net from 'node:net'
import { type Address, formatAddress, unavailable } from '../../base/address.ts'

/**
 * Listens on an address. `:PORT` is every interface, IPv4 and IPv6 where there is that.
 *
 * @throws {ServerError} ERR_ADDRESS_UNAVAILABLE
 */
export async function bind(server: net.Server, address: Address): Promise<void> {
  try {
    if (address.kind === 'unix') await removeStale(address.path)
    await listenOn(server, address)
  } catch (error) {
    throw unavailable(formatAddress(address), error)
  }
}

async function listenOn(server: net.Server, address: Address): Promise<void> {
  if (address.kind === 'unix') return listen(server, { path: address.path })
  if (address.kind !== 'tcp') throw new Error('only HOST:PORT, :PORT and unix:PATH are possible for the store')
  const { host, port } = address
  if (host !== '') return listen(server, { host, port })
  try {
    await listen(server, { host: '::', port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error
    await listen(server, { host: '0.0.0.0', port })
  }
}

function listen(server: net.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A socket file that nobody listens on any more; whatever else is there stays, and the bind fails. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return
  const isAlive = await new Promise<boolean>(resolve => {
    const socket = net.connect({ path })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
  if (!isAlive) rmSync(path, { force: true })
}
