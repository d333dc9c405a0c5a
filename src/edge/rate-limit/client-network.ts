import { isIP } from 'node:net'

/**
 * What stands for a client: its IPv4 address, or the /64 of its IPv6 address, of which a household or a rented server has all
 * (RFC 6177, section 2). An IPv4 address in IPv6 form is the IPv4 address.
 *
 * ```ts
 * clientNetwork('2001:db8:1:2:3:4:5:6') // '2001:db8:1:2'
 * ```
 */
export function clientNetwork(address: string): string {
  const version = isIP(address)
  if (version !== 6) return address
  const bare = address.split('%')[0] as string
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped) return mapped
  const [head = '', tail] = bare.split('::')
  const first = groupsOf(head)
  const last = groupsOf(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array<string>(Math.max(0, gap)).fill('0'), ...last].slice(0, 4).join(':')
}

/** Without leading zeros, in lower case; the IPv4 form of the last two is two groups. */
function groupsOf(text: string): string[] {
  if (text === '') return []
  return text
    .split(':')
    .flatMap(group => (group.includes('.') ? ['0', '0'] : [group.toLowerCase().replace(/^0+(?=.)/, '')]))
}
