/** Hosts that are none, or more than one. */
import type { OddRequest } from './odd-requests.ts'

export type HostResult = string | number | 'reset'

export type HostCase = readonly [
  request: OddRequest,
  /** The Host that the application sees, or the status of the answer. */
  result: HostResult,
  /** Where another protocol has another one: what is malformed in HTTP/2 is reset (RFC 9113, 8.1.1 and 8.3.1). */
  other?: { readonly http2?: HostResult; readonly tls?: HostResult },
]

export const hostCases: readonly HostCase[] = [
  [{ host: 'example.com' }, 'example.com'],
  [{ host: 'EXAMPLE.com' }, 'example.com'],
  [{ host: 'example.com.' }, 'example.com'],
  [{ host: 'example.com:80' }, 'example.com', { tls: 'example.com:80' }],
  [{ host: 'example.com:443' }, 'example.com:443', { tls: 'example.com' }],
  [{ host: 'example.com:8080' }, 'example.com:8080'],
  [{ host: 'my_app' }, 'my_app'],
  [{ host: '127.0.0.1:8000' }, '127.0.0.1:8000'],
  [{ host: '[::1]' }, '[::1]'],
  [{ host: '[0:0:0:0:0:0:0:1]:81' }, '[::1]:81'],
  [{ host: null }, 400, { http2: 'reset' }],
  [{ host: null, version: '1.0' }, '', { http2: 'reset' }],
  [{ host: '' }, 400, { http2: 'reset' }],
  [{ host: '', version: '1.0' }, 400, { http2: 'reset' }],
  [{ host: 'a', headers: [['Host', 'a']] }, 400, { http2: 'a' }],
  [{ host: 'a', headers: [['host', 'evil']] }, 400, { http2: 'reset' }],
  [{ host: 'a, b' }, 400, { http2: 'reset' }],
  [{ host: 'a b' }, 400, { http2: 'reset' }],
  [{ host: 'a/b?c' }, 400, { http2: 'reset' }],
  [{ host: 'a#b' }, 400, { http2: 'reset' }],
  [{ host: 'u@evil' }, 400, { http2: 'reset' }],
  [{ host: 'evil%2ecom' }, 400],
  [{ host: 'a:b' }, 400],
  [{ host: 'a:' }, 400],
  [{ host: 'a:0' }, 400],
  [{ host: 'a:65536' }, 400],
  [{ host: 'a:80:80' }, 400],
  [{ host: 'a..b' }, 400],
  [{ host: '.a' }, 400],
  [{ host: '.' }, 400],
  [{ host: '[::1' }, 400],
  [{ host: '[::1]x' }, 400],
  [{ host: '[::1%eth0]' }, 400],
  [{ host: '[v1.a]' }, 400],
  [{ host: '::1' }, 400],
  [{ host: '127.1' }, 400],
  [{ host: '0x7f000001' }, 400],
  [{ host: '2130706433' }, 400],
  [{ host: 'exämple' }, 400, { http2: 'reset' }],
  [{ host: 'a'.repeat(254) }, 400],
  [{ host: 'a<script>' }, 400, { http2: 'reset' }],
  // Absolute-form.
  [{ target: 'http://a/x', host: 'a' }, 'a', { http2: 'reset' }],
  [{ target: 'HTTP://A:80/x', host: 'a' }, 'a', { http2: 'reset' }],
  [{ target: 'http://a', host: 'a' }, 'a', { http2: 'reset' }],
  [{ target: 'http://a?x', host: 'a' }, 'a', { http2: 'reset' }],
  [{ target: 'http://evil/x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'http://a:81/x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'http://u@a/x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'http:///x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'ftp://a/x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'http://a/../x', host: 'a' }, 400, { http2: 'reset' }],
  [{ target: 'http://a/x', host: null }, 400, { http2: 'reset' }],
  [{ target: 'http://a\\@b/x', host: 'a' }, 400, { http2: 'reset' }],
]
