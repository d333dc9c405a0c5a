import { isIP } from 'node:net'
import { plainAddress } from './network-list.ts'

/** Whether only processes of this machine reach it. A name other than localhost may mean anything. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const plain = plainAddress(host)
  return isIP(plain) === 4 ? plain.startsWith('127.') : /^[0:]*:0*1$/.test(plain)
}
