/** The files of the page, as the build has made them: read once, and compressed once. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { sendBytes } from './send.ts'

const folder = new URL('../page/', import.meta.url)
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
const yearSeconds = 31_536_000

interface Asset {
  readonly bytes: Buffer
  readonly gzipped: Buffer | undefined
  readonly type: string
  readonly tag: string
  readonly cacheControl: string
}

const known = new Map<string, Asset | undefined>()

/** Every path that is no file is the page: it has its own places behind `#`. */
export function sendAsset(req: IncomingMessage, res: ServerResponse, path: string): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const asset = find(path)
  if (!asset) {
    res.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file.\n')
    return
  }
  const { type, tag, cacheControl } = asset
  const headers = { 'content-type': type, etag: tag, 'cache-control': cacheControl, vary: 'accept-encoding' }
  if (req.headers['if-none-match']?.includes(tag)) res.writeHead(304, headers).end()
  else sendBytes(req, res, { status: 200, headers, bytes: asset.bytes, gzipped: asset.gzipped })
}

function find(path: string): Asset | undefined {
  const name = path === '/' || path === '/index.html' ? 'index.html' : path.slice(1)
  if (!known.has(name)) {
    // So nothing is looked for that a build does not make, and nothing grows with what is asked for.
    if (!/^(?:index\.html|[\w-]+\.(?:svg|png|ico)|assets\/[\w.-]+)$/.test(name) || name.includes('..')) return undefined
    const asset = load(name)
    if (!asset) return undefined
    known.set(name, asset)
  }
  return known.get(name)
}

function load(name: string): Asset | undefined {
  const bytes = read(name)
  if (!bytes) return undefined
  return {
    bytes,
    gzipped: read(`${name}.gz`),
    type: types[extname(name)] ?? 'application/octet-stream',
    tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // The name of an asset has a hash of what is in it; the page itself has not.
    cacheControl: name.startsWith('assets/') ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
  }
}

function read(name: string): Buffer | undefined {
  try {
    return readFileSync(new URL(name, folder))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
