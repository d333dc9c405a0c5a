/** Fields of one connection, and what a client can try to take away with them. */
import type { OddRequest } from './odd-requests.ts'

type Fields = OddRequest['headers']

export type HopByHopCase = readonly [
  sent: Fields,
  /** What the application sees beside Host. */
  seen: Fields,
  /** Over HTTP/2, where another: there a field of the connection is malformed (RFC 9113, 8.2.2). */
  http2?: Fields | 'reset',
]

export const hopByHopCases: readonly HopByHopCase[] = [
  [[['Connection', 'keep-alive']], [['Connection', 'keep-alive']], 'reset'],
  [
    [
      ['Connection', 'close, X-Auth'],
      ['X-Auth', '1'],
      ['X-Other', '2'],
    ],
    [['X-Other', '2']],
    'reset',
  ],
  [
    [
      ['X-AUTH', '1'],
      ['Connection', 'x-auth'],
      ['Connection', 'keep-alive'],
    ],
    [],
    'reset',
  ],
  // It never takes away what others decide by.
  [
    [
      ['Connection', 'Host, Authorization, Cookie, Content-Type, If-None-Match, Range, Origin'],
      ['Authorization', 'a'],
      ['Cookie', 'b'],
      ['Content-Type', 'c'],
      ['If-None-Match', 'd'],
      ['Range', 'e'],
      ['Origin', 'f'],
    ],
    [
      ['Authorization', 'a'],
      ['Cookie', 'b'],
      ['Content-Type', 'c'],
      ['If-None-Match', 'd'],
      ['Range', 'e'],
      ['Origin', 'f'],
    ],
    'reset',
  ],
  [
    [
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic x'],
      ['TE', 'trailers'],
      ['Proxy', 'http://evil'],
    ],
    [],
    'reset',
  ],
  // HTTP/2 without TLS is never begun.
  [
    [
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ],
    [],
    'reset',
  ],
  // Nobody takes a WebSocket here.
  [
    [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
    ],
    [['Sec-WebSocket-Version', '13']],
    'reset',
  ],
  // Twins of other names for CGI, WSGI and PHP.
  [
    [
      ['X_Auth', '1'],
      ['X.Auth', '2'],
      ['Content_Length', '3'],
      ['X-Fine', '4'],
    ],
    [['X-Fine', '4']],
  ],
  [
    [
      ['User-Agent', 'a'],
      ['X', '1'],
      ['User-Agent', 'b'],
      ['X', '2'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ],
    [
      ['User-Agent', 'a'],
      ['X', '1'],
      ['X', '2'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ],
    [
      ['User-Agent', 'a'],
      ['X', '1'],
      ['X', '2'],
      ['Cookie', 'a=1; b=2'],
    ],
  ],
  [
    [
      ['Proxy-Authorization', 'Basic x'],
      ['TE', 'trailers'],
      ['Proxy', 'http://evil'],
      ['X', '1'],
    ],
    [['X', '1']],
  ],
  [
    [
      ['TE', 'gzip'],
      ['X', '1'],
    ],
    [['X', '1']],
    'reset',
  ],
  [[['Keep-Alive', 'timeout=5']], [], 'reset'],
  [[['Proxy-Connection', 'close']], [], 'reset'],
  [[['HTTP2-Settings', 'AAMAAABkAAQAAP__']], [], 'reset'],
  [[['Upgrade', 'websocket']], [], 'reset'],
]
