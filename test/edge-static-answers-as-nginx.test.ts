import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const changed = new Date('2020-01-02T03:04:05Z')
const at = (seconds: number) => new Date(changed.getTime() + seconds * 1000).toUTCString()

/** Conditions and ranges; `ETAG` stands for each server's own tag. */
const requests: Record<string, string>[] = [
  {},
  ...[
    'bytes=0-0',
    'bytes=0-9',
    'bytes=5-',
    'bytes=-5',
    'bytes=-5000',
    'bytes=0-5000',
    'bytes=999-',
    'bytes=1000-',
    'bytes=2000-3000',
    'bytes=9-2',
    'bytes=-0',
    'bytes=abc',
    'bytes=1-2x',
    'bytes=',
    'bytes=-',
    'bytes=--1',
    'items=0-5',
    'Bytes=0-5',
    'bytes=0-1,900-901',
    'bytes=0-1,2000-2001',
    'bytes=2000-2001,3000-3001',
    'bytes=0-999,0-999',
    'bytes=0-1,-1',
  ].map(range => ({ Range: range })),
  { 'If-None-Match': 'ETAG' },
  { 'If-None-Match': 'W/ETAG' },
  { 'If-None-Match': '"x", ETAG' },
  { 'If-None-Match': '*' },
  { 'If-None-Match': '"x"' },
  { 'If-None-Match': '"x"', 'If-Modified-Since': at(0) },
  { 'If-Modified-Since': at(0) },
  { 'If-Modified-Since': at(1) },
  { 'If-Modified-Since': at(-1) },
  { 'If-Modified-Since': 'nonsense' },
  { 'If-Match': 'ETAG' },
  { 'If-Match': '*' },
  { 'If-Match': '"x"' },
  { 'If-Match': 'W/ETAG' },
  { 'If-Match': '"x"', 'If-None-Match': 'ETAG' },
  { 'If-Unmodified-Since': at(0) },
  { 'If-Unmodified-Since': at(-1) },
  { Range: 'bytes=0-4', 'If-Range': 'ETAG' },
  { Range: 'bytes=0-4', 'If-Range': '"x"' },
  { Range: 'bytes=0-4', 'If-Range': at(0) },
  { Range: 'bytes=0-4', 'If-Range': at(-1) },
  { Range: 'bytes=0-4', 'If-Range': at(1) },
  { Range: 'bytes=0-4', 'If-None-Match': 'ETAG' },
  { Range: 'bytes=0-4', 'If-Match': '"x"' },
  { Range: 'bytes=9-2', 'If-None-Match': 'ETAG' },
]

/** Where nginx is not what RFC 9110 says, and Saola is. */
const byTheRfc: [headers: Record<string, string>, status: number, because: string][] = [
  [{ 'If-Unmodified-Since': at(-1), 'If-Match': 'ETAG' }, 200, '13.2.2: the date does not count beside If-Match.'],
  [{ Range: 'bytes=0-99999999999999999999' }, 206, '14.1.2: what is beyond the end is cut.'],
  [{ Range: 'bytes=0-5,3-9' }, 200, '17.15: overlapping ranges are no honest wish.'],
]

test('conditions and ranges are answered as Debian’s nginx answers them', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': 'export default (req, res) => res.end("the application")' },
    config: `export default { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: { static: {
      '/': import.meta.dirname + '/public',
    } } } } }`,
  })
  // nginx gives up being root, and must reach the files all the same.
  chmodSync(tree.dir, 0o755)
  mkdirSync(join(tree.dir, 'public'))
  const files = { 'a.txt': `${'x'.repeat(995)}hello`, 'empty.txt': '' }
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(tree.dir, 'public', name), content)
    utimesSync(join(tree.dir, 'public', name), changed, changed)
  }
  const nginx = await startNginx(t, tree.dir)
  const differences: unknown[] = []
  for (const name of Object.keys(files)) {
    for (const headers of requests) {
      const [ours, theirs] = await Promise.all([tree.url, nginx].map(target => ask(target, `/${name}`, headers)))
      if (!isDeepStrictEqual(ours, theirs)) differences.push({ name, headers, ours, theirs })
    }
  }
  assert.deepEqual(differences, [])
  for (const [headers, status, because] of byTheRfc) {
    assert.equal((await ask(tree.url, '/a.txt', headers)).status, status, because)
  }
})

async function ask(target: string, path: string, headers: Record<string, string>) {
  const first = await request(target, { path, method: 'HEAD' })
  const etag = first.headers.get('etag') ?? ''
  const own = Object.entries(headers).map(([name, value]) => [name, value.replace('ETAG', etag)])
  const { status, headers: answered, body } = await request(target, { path, headers: Object.fromEntries(own) })
  const boundary = /boundary=(\S+)/.exec(answered.get('content-type') ?? '')?.[1]
  return {
    status,
    contentRange: answered.get('content-range'),
    type: boundary ? 'multipart' : status < 300 ? answered.get('content-type')?.replace(/;.*/, '') : undefined,
    modified: answered.get('last-modified') !== undefined || status >= 400,
    body: status >= 300 ? '' : boundary ? partsOf(String(body), boundary) : String(body),
  }
}

/** Without what each server may choose: the boundary, and the charset of the type. */
function partsOf(body: string, boundary: string): string {
  return body.replaceAll(boundary, '').replace(/; ?charset=[\w-]+/g, '')
}

async function startNginx(t: TestContext, dir: string): Promise<string> {
  const socket = join(dir, 'nginx.sock')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(
    name => `${name}_temp_path ${dir}/${name};`,
  )
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${dir}/nginx.pid; events { worker_connections 64; }
    http { access_log off; types { text/plain txt; } if_modified_since before; ${temporary.join(' ')}
      server { listen unix:${socket}; root ${dir}/public; } }`,
  )
  const args = ['-p', dir, '-e', join(dir, 'nginx.log'), '-c', join(dir, 'nginx.conf')]
  const child = spawn('/usr/sbin/nginx', args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const target = `unix:${socket}`
  await until('nginx answers', () => request(target, { path: '/a.txt' }).catch(() => false as const))
  return target
}
