/** What is odd in the requests of the comparison with nginx: each of it in a request that is right otherwise. */

type Fields = readonly (readonly [name: string, value: string])[]

export const targets = [
  ...'/ /a /a/ /a//b //a //evil.example/x /// /./a /a/./b /a/. /a/.. /a/../b /.. /../a /a/../../b /%2e /%2e%2e'.split(
    ' ',
  ),
  ...'/a/%2e%2e/b /a/%2E%2E/%2e%2e/b /a/.%2e/b /a/%2e./b /... /..a /.a /a. /a%20b /a+b /%61 /%7euser /~user'.split(' '),
  ...'/%c3%a9 /%C3%A9 /%e2%82%ac /a%2fb /a%2Fb /..%2fa /a/..%2f..%2fb /a%5cb /..%5ca /a\\b /a\\..\\b /%252f'.split(' '),
  ...'/%252e%252e/a /a%00 /%00 /a%00.png /a%01 /a%0a /a%0d%0ab /a%7f /a%1f /% /a% /%4 /%zz /%u0041 /%ff /%c0%ae'.split(
    ' ',
  ),
  ...'/%c0%af /%ed%a0%80 /%f4%90%80%80 /\xc3\xa9 /\xff /a\x01 /a\x7f /a;b /; /a;x=1/b /..;/a /a/..;/b /a%3bb'.split(
    ' ',
  ),
  ...'/a/%2e%2e;/b /a#b /# /a?b#c /? /?? /?a?b /?a=%00 /?%zz /?\\ /?a=../.. /?\xe9 /?a\x01 /a|b /a"b /a<b>'.split(' '),
  ..."/a{b} /[a] /a:b /@ /a@b /a'b /a*b /$DATA /a::$DATA /C:/x /con /aux.txt /a~1 /a. /a%2e /a%20 * a a/b ? # .".split(
    ' ',
  ),
  ...'.. \\ %2f localhost localhost:80 http://localhost/ http://localhost http://localhost?a HTTP://LOCALHOST/'.split(
    ' ',
  ),
  ...'http://localhost:80/ http://evil/ http://localhost:81/ http://u@localhost/ http:///a http:// http:/a'.split(' '),
  ...'http:a https://localhost/ ftp://localhost/ file:///etc/passwd javascript:x http://localhost/../a'.split(' '),
  ...'http://localhost//a http://[::1]/'.split(' '),
  ...['/a\tb', '/a^b`', '/ b', `/${'a'.repeat(9000)}`],
]

export const hosts = [
  ...'localhost LOCALHOST localhost. localhost.. localhost:80 localhost:8080 localhost: localhost:0'.split(' '),
  ...'localhost:65535 localhost:65536 localhost:999999 localhost:a localhost:80:80 :80 : . .. a..b .a a_b -a a-'.split(
    ' ',
  ),
  ...'a,b a/b a?b a#b a@b u:p@a a\\b a%2eb a%00b 127.0.0.1 127.1 0x7f.1 2130706433 256.1.1.1 [::1] [::1]:80'.split(' '),
  ...'[::1 ::1 [::1]x [] [a] [::1%25eth0] [v1.a] \xc3\xa9.example xn--9ca.example a"b a\'b a<b a;b a(b) a*b *'.split(
    ' ',
  ),
  ...'a\x01b http://localhost a|b a{b} $host a.. localhost\\@evil'.split(' '),
  ...['', 'a b', 'a, b', 'a\tb', `${'a'.repeat(300)}`, '\x24{jndi:x}'],
]

export const methods = [
  ...'GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND MKCOL COPY LOCK PURGE REPORT TRACE TRACK CONNECT DEBUG'.split(
    ' ',
  ),
  ...'BREW get Get G GE GETT GET_ A-B G@T GET\x00 ( " XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX PRI SOURCE'.split(' '),
  ...'M-SEARCH QUERY \xc3\xa9 123 __proto__'.split(' '),
  ...['', 'GET\t'],
]

export const versions = [...'1.0 1.1 0.9 1.2 1.9 2.0 3.0 1 1. 1.10 11.1 01.1 1.1x -1.1 a.b'.split(' '), '1.1 ']

const twice = (name: string, one: string, other: string): Fields => [
  [name, one],
  [name.toLowerCase(), other],
]

export const fields: readonly Fields[] = [
  twice('Host', 'localhost', 'localhost').slice(1),
  [['host', 'evil']],
  twice('Authorization', 'a', 'b'),
  twice('Content-Type', 'a/b', 'c/d'),
  twice('Content-Length', '0', '0'),
  twice('Range', 'bytes=0-1', 'bytes=2-3'),
  twice('If-Modified-Since', 'Sat, 21 Nov 2026 10:00:00 GMT', 'Sat, 21 Nov 2026 11:00:00 GMT'),
  twice('If-Unmodified-Since', 'a', 'b'),
  twice('If-None-Match', '"a"', '"b"'),
  twice('If-Match', '"a"', '"b"'),
  twice('If-Range', '"a"', '"b"'),
  twice('Expect', '100-continue', '100-continue'),
  twice('User-Agent', 'a', 'b'),
  twice('Referer', 'a', 'b'),
  twice('Cookie', 'a=1', 'b=2'),
  twice('X-Forwarded-For', '1.1.1.1', '2.2.2.2'),
  twice('Accept', 'a/b', 'c/d'),
  twice('Connection', 'close', 'keep-alive'),
  twice('Upgrade', 'h2c', 'websocket'),
  [['Expect', '200-ok']],
  [['Expect', '']],
  [['Expect', '100-continue']],
  [['Connection', 'Host']],
  [['Connection', 'X']],
  [['Connection', 'close, keep-alive']],
  [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'h2c'],
  ],
  [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
  ],
  [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'x'],
  ],
  [['Upgrade', 'websocket']],
  [['X_Forwarded_For', '1.1.1.1']],
  [['X.Forwarded.For', '1.1.1.1']],
  [['X-A_B', '1']],
  [['X', '']],
  [['X', 'a\x00b']],
  [['X', 'a\x01b']],
  [['X', 'a\x7fb']],
  [['X', 'a\tb']],
  [['X', 'a\rb']],
  [['X', 'a\nb']],
  [['X', 'a\r\n b']],
  [['X', 'a\r\n\tb']],
  [['X', 'a\n b: c']],
  [['X', '\xc3\xa9']],
  [['X', '\xff']],
  [['', 'a']],
  [[' X', 'a']],
  [['X ', 'a']],
  [['X\t', 'a']],
  [['X Y', 'a']],
  [['X\x00', 'a']],
  [['X\x01', 'a']],
  [['X\xff', 'a']],
  [['X(', 'a']],
  [['X"', 'a']],
  [['X/', 'a']],
  [['X@', 'a']],
  [['X{', 'a']],
  [['X|', 'a']],
  [["!#$%&'*+-^`|~", 'a']],
  [['Content-Length\x0b', '5']],
  [['X', 'a'.repeat(7_000)]],
  [['X', 'a'.repeat(9_000)]],
  [['X', 'a'.repeat(20_000)]],
  Array.from({ length: 100 }, (_, index) => [`X-${index}`, 'a'] as const),
  Array.from({ length: 200 }, (_, index) => [`X-${index}`, 'a'] as const),
  [['TE', 'trailers']],
  [['Trailer', 'X']],
  [['Proxy', 'http://evil']],
  [['Proxy-Connection', 'keep-alive']],
  [['Keep-Alive', 'timeout=1']],
  [['Max-Forwards', '0']],
  [['Range', 'bytes=9-2']],
  [['Forwarded', 'for="']],
  [['__proto__', 'a']],
  [['constructor', 'a']],
]

export const chunks = '5\r\nhello\r\n0\r\n\r\n'
const length = (value: string, body = 'hello'): readonly [Fields, string] => [[['Content-Length', value]], body]
const encoding = (value: string, body = chunks): readonly [Fields, string] => [[['Transfer-Encoding', value]], body]

export const framings: readonly (readonly [fields: Fields, body: string])[] = [
  ...[
    '5',
    '05',
    '005',
    '+5',
    '-5',
    '5.0',
    '5e0',
    '0x5',
    '5 ',
    ' 5',
    '5 5',
    '5,5',
    '5, 5',
    '5;',
    'a',
    '',
    '5\t',
    '5\x0b',
  ].map(value => length(value)),
  length('0', ''),
  length('-0', ''),
  length('99999999999999999999999', ''),
  length('18446744073709551621'),
  ...['chunked', 'Chunked', 'CHUNKED', ' chunked', 'chunked ', 'chunked,', ',chunked', 'chunked, chunked'].map(value =>
    encoding(value),
  ),
  ...[
    'identity',
    'identity, chunked',
    'chunked, identity',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'deflate',
    'x',
  ].map(value => encoding(value)),
  ...[
    'xchunked',
    'chunkedx',
    '"chunked"',
    'chunked;a=b',
    "'chunked'",
    '\x0bchunked',
    'chunked\x00',
    'chu\tnked',
    '',
    'cow',
  ].map(value => encoding(value)),
  ...[
    '5\nhello\n0\n\n',
    '5\r\nhello\r\n0\n\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhelloX\r\n0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
  ].map(body => encoding('chunked', body)),
  ...[
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    ' 5\r\nhello\r\n0\r\n\r\n',
    '+5\r\nhello\r\n0\r\n\r\n',
  ].map(body => encoding('chunked', body)),
  ...[
    '5;a\r\nhello\r\n0\r\n\r\n',
    '5;a=b\r\nhello\r\n0\r\n\r\n',
    '5;a="b"\r\nhello\r\n0\r\n\r\n',
    '5;\r\nhello\r\n0\r\n\r\n',
  ].map(body => encoding('chunked', body)),
  ...[
    '5;a\nhello\r\n0\r\n\r\n',
    '5;a\rb\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nX: y\r\n\r\n',
    '00005\r\nhello\r\n000\r\n\r\n',
  ].map(body => encoding('chunked', body)),
  ...['10000000000000005\r\nhello\r\n0\r\n\r\n', 'g\r\nhello\r\n0\r\n\r\n', '\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n'].map(
    body => encoding('chunked', body),
  ),
  ...['5\r\nhello\r\n0\r\nHost: evil\r\n\r\n', '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n', '5\rhello\r0\r\r'].map(
    body => encoding('chunked', body),
  ),
  [
    [
      ['Content-Length', '5'],
      ['Transfer-Encoding', 'chunked'],
    ],
    chunks,
  ],
  [
    [
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '15'],
    ],
    chunks,
  ],
  [
    [
      ['Content-Length', '5'],
      ['Content-Length', '5'],
    ],
    'hello',
  ],
  [
    [
      ['Content-Length', '5'],
      ['Content-Length', '6'],
    ],
    'hello!',
  ],
  [
    [
      ['Transfer-Encoding', 'chunked'],
      ['Transfer-Encoding', 'chunked'],
    ],
    chunks,
  ],
  [
    [
      ['Transfer-Encoding', 'chunked'],
      ['Transfer-Encoding', 'identity'],
    ],
    chunks,
  ],
  [
    [
      ['Transfer-Encoding', 'identity'],
      ['Content-Length', '5'],
    ],
    'hello',
  ],
  [[['Content-Length ', '5']], ''],
  [[['Content_Length', '5']], ''],
  [[['Transfer_Encoding', 'chunked']], ''],
  [[['Transfer-Encoding ', 'chunked']], ''],
  [[['Transfer-Encoding\t', 'chunked']], ''],
  [[['X', 'y\r\nTransfer-Encoding: chunked']], chunks],
]
