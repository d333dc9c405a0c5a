/**
 * What the system still holds of a connection: bytes that it has taken from this process and that the other end has not
 * confirmed. It may be four megabytes, and Node is told nothing while they drain, which at 10 KB/s takes minutes: so a client
 * that is honest and slow would look like one that stands still. Linux tells it in /proc/net/tcp (proc_pid_net(5)); elsewhere
 * nobody knows.
 */
import { readFile } from 'node:fs/promises'
import type net from 'node:net'
import { plainAddress } from '../../base/network-list.ts'

const files = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
/** Of some 100,000 connections; what is longer is cut, and those behind have no entry. */
const charsMax = 16 * 1024 * 1024

/** Unconfirmed bytes by connection, for those that are asked for; one without an entry is not known. */
export async function readKernelQueues(sockets: Iterable<net.Socket>): Promise<Map<net.Socket, number>> {
  const wanted = new Map<string, net.Socket>()
  for (const socket of sockets) {
    const key = keyOf(socket)
    if (key !== undefined) wanted.set(key, socket)
  }
  const found = new Map<net.Socket, number>()
  if (wanted.size === 0) return found
  for (const file of files) {
    const table = await readFile(file, 'latin1').catch(() => '')
    readTable(table.slice(0, charsMax), wanted, found)
  }
  return found
}

/** `sl local_address rem_address st tx_queue:rx_queue …`, all numbers in hex. */
function readTable(table: string, wanted: ReadonlyMap<string, net.Socket>, found: Map<net.Socket, number>): void {
  for (let at = table.indexOf('\n') + 1; at > 0 && at < table.length; at = table.indexOf('\n', at) + 1) {
    const [, local = '', remote = '', , queues = ''] = table
      .slice(at, at + lineCharsMax)
      .trimStart()
      .split(/\s+/, 5)
    const socket = wanted.get(`${portOf(local)} ${lastWordOf(remote)} ${portOf(remote)}`)
    if (socket) found.set(socket, Number.parseInt(queues, 16))
  }
}

const lineCharsMax = 128

/** `0100007F:891D`, or four such words with one port. */
function portOf(text: string): string {
  return text.slice(text.indexOf(':') + 1)
}

function lastWordOf(text: string): string {
  const colon = text.indexOf(':')
  return text.slice(colon - 8, colon)
}

/** The last 32 bits of an address are enough to tell the connections of one port apart. */
function keyOf({ localPort, remotePort, remoteAddress }: net.Socket): string | undefined {
  if (localPort === undefined || remotePort === undefined || remoteAddress === undefined) return undefined
  return `${hex(localPort, 4)} ${lastWord(plainAddress(remoteAddress))} ${hex(remotePort, 4)}`
}

/** As the system writes it: bytes of the network read as a number of this machine, which has the least byte first. */
function lastWord(address: string): string {
  const bytes = address.includes('.')
    ? address
        .slice(address.lastIndexOf(':') + 1)
        .split('.')
        .map(Number)
    : address
        .split(':')
        .slice(-2)
        .map(group => Number.parseInt(group || '0', 16))
        .flatMap(group => [group >> 8, group & 255])
  return bytes
    .reverse()
    .map(byte => hex(byte, 2))
    .join('')
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
