import * as z from 'zod'
import { parseNetworks } from '../../base/network-list.ts'
import { list } from '../../base/option-types.ts'
import { unixName } from './trust.ts'

export const trustOptions = list(
  text => text === unixName || parseNetworks(text),
  'a list of addresses, networks such as "10.0.0.0/8", "loopback", "private" and "unix"',
)
  .prefault([])
  .meta({
    change: 'restart',
    description:
      'Proxies before this server, as addresses, networks, `"loopback"`, `"private"` or `"unix"` (whoever comes over a ' +
      'Unix socket). Of their X-Forwarded-For, -Proto and -Host, or Forwarded, the address of the client, the scheme and ' +
      'the host are taken. From all others these headers, and those that name a user or a certificate, are removed.',
  })

export const requestIdOptions = z
  .boolean()
  .prefault(false)
  .meta({
    change: 'restart',
    expected: 'true or false',
    description:
      'Give every request and its answer an `X-Request-Id`: that of a trusted proxy, or a new one. The JSON access log ' +
      'has it, too.',
  })
