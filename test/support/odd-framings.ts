/** Requests by which one server was made to see another end of a request than the next. */
import type { OddRequest } from './odd-requests.ts'

export type FramingCase = readonly [
  request: OddRequest,
  /** Two: how the system has cut it into packets decides. */
  status: number | readonly number[],
  /**
   * Over HTTP/2, where another: what has no place in it is reset (RFC 9113, 8.1.1); a field whose name or value is not valid
   * is left out, 200; null where it has no such thing.
   */
  http2?: number | 'reset' | null,
]

const chunked = ['Transfer-Encoding', 'chunked'] as const
export const body = '5\r\nhello\r\n0\r\n\r\n'

/** Requests that leave a doubt where they end, and the status that each gets. */
export const framingCases: readonly FramingCase[] = [
  [{ headers: [['Content-Length', '5'], chunked], body }, 400, 'reset'],
  [{ headers: [chunked, ['Content-Length', '5']], body }, 400, 'reset'],
  [
    {
      headers: [
        ['Content-Length', '5'],
        ['Content-Length', '5'],
      ],
      body: 'hello',
    },
    400,
    'reset',
  ],
  [
    {
      headers: [
        ['Content-Length', '5'],
        ['Content-Length', '6'],
      ],
      body: 'hello!',
    },
    400,
    'reset',
  ],
  [{ headers: [['Content-Length', '5, 5']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Content-Length', '+5']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Content-Length', '-5']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Content-Length', '0x5']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Content-Length', '5 5']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Content-Length', '']], body: '' }, 400, 'reset'],
  [{ headers: [['Content-Length ', '5']], body: 'hello' }, 400, 200],
  [{ headers: [['Content-Length', '99999999999999999999']], body: 'hello' }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'identity, chunked']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'chunked, identity']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'chunked, chunked']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'identity']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'xchunked']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', '"chunked"']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'chunked;q=1']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'gzip']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', 'gzip, chunked']], body }, 501, 'reset'],
  [{ headers: [chunked, chunked], body }, 400, 'reset'],
  [{ headers: [chunked, ['Transfer-Encoding', 'identity']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding', '\x0bchunked']], body }, 400, 'reset'],
  [{ headers: [['Transfer-Encoding ', 'chunked']], body }, 400, 200],
  [{ headers: [['Transfer-Encoding', 'chunked\r\n , identity']], body }, 400, 'reset'],
  [{ version: '1.0', headers: [chunked], body }, 400, 'reset'],
  [{ headers: [chunked], body: '5\r\nhello0\r\n\r\n' }, 400, 'reset'],
  [{ headers: [chunked], body: '5\nhello\n0\n\n' }, 400, 'reset'],
  [{ headers: [chunked], body: '-5\r\nhello\r\n0\r\n\r\n' }, 400, 'reset'],
  [{ headers: [chunked], body: '0x5\r\nhello\r\n0\r\n\r\n' }, 400, 'reset'],
  [{ headers: [chunked], body: 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n' }, 400, 'reset'],
  [{ headers: [chunked], body: `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n` }, 413, 'reset'],
  [{ headers: [['Expect', '200-ok']] }, 417],
  [{ headers: [['Expect', '100-continue, x']] }, 417],
  [{ version: '0.9' }, 505, null],
  [{ version: '2.0' }, 505, null],
  [{ version: '1.2' }, 505, null],
  [{ method: 'TRACE' }, 405],
  [{ method: 'CONNECT', target: 'localhost:22' }, 501, 'reset'],
  [{ method: 'BREW' }, 501],
  [{ method: 'get' }, 501],
  [{ method: 'G@T' }, 400, 'reset'],
  [{ headers: [['X', 'a\0b']] }, 400, 200],
  [{ headers: [['X', 'a\rb']] }, 400, 200],
  [{ headers: [['X', 'a\r\n folded']] }, 400, 200],
  [{ headers: [[' X', 'a']] }, 400, 200],
  [{ headers: [['X Y', 'a']] }, 400, 200],
  [{ headers: [['', 'a']] }, 400, 200],
  [{ headers: [['X', 'a\nTransfer-Encoding: chunked']], body }, 400, 200],
  [
    {
      headers: [
        ['Authorization', 'a'],
        ['Authorization', 'b'],
      ],
    },
    400,
  ],
  [
    {
      headers: [
        ['Content-Type', 'a'],
        ['content-type', 'b'],
      ],
    },
    400,
  ],
  [
    {
      headers: [
        ['Range', 'bytes=0-1'],
        ['Range', 'bytes=2-3'],
      ],
    },
    400,
  ],
  [{ headers: Array.from({ length: 128 }, (_, index) => [`X-${index}`, 'y'] as const) }, 431, 'reset'],
  [{ headers: Array.from({ length: 1_100 }, () => ['X', 'y'] as const) }, 431, 'reset'],
  [{ headers: [['X', 'y'.repeat(20_000)]] }, 431, 'reset'],
  [{ target: `/${'y'.repeat(20_000)}` }, [414, 431], 'reset'],
]
