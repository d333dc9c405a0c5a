/** The site of test/fixtures/site, for clients that were written by others. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { root, startTree, type Tree } from './tree.ts'

export interface Site {
  readonly tree: Tree
  /** `https://localhost:PORT` */
  readonly url: string
  /** `http://localhost:PORT`, which sends to TLS. */
  readonly plainUrl: string
  /** The one that `url` has. Its owner only may read it. */
  readonly certificate: string
  /** A folder of the test's own, for what clients write. */
  readonly dir: string
}

/** The text of `/static/text.txt`, which is there with Brotli and with gzip, too. */
export const text = 'The quick brown fox jumps over the lazy dog.\n'.repeat(20_000)

/** Three minutes of silence, at `/static/sound.wav`: more than a browser takes ahead. */
const soundBytes = 3 * 60 * 192_000

const fixture = join(root, 'test', 'fixtures', 'site')

export async function startSite(t: TestContext): Promise<Site> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-site-')))
  const tree = await startTree(t, {
    fixture,
    packages: ['express', 'ws'],
    files: { 'public/text.txt': text },
    config: readFileSync(join(fixture, 'saola.config.ts'), 'utf8'),
  })
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const folder = join(tree.dir, 'public')
  writeFileSync(join(folder, 'text.txt.br'), brotliCompressSync(text))
  writeFileSync(join(folder, 'text.txt.gz'), gzipSync(text))
  writeFileSync(join(folder, 'sound.wav'), makeSound())
  const [url = '', plainUrl = ''] = tree.listen.map(address => address.replace('127.0.0.1', 'localhost'))
  return {
    tree,
    url: `https://${url}`,
    plainUrl: `http://${plainUrl}`,
    certificate: join(tree.dir, '.saola', 'site', 'self-signed.pem'),
    dir,
  }
}

/** 16 bits, two channels, 48 kHz. */
function makeSound(): Buffer {
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.writeUInt32LE(36 + soundBytes, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(2, 22)
  head.writeUInt32LE(48_000, 24)
  head.writeUInt32LE(192_000, 28)
  head.writeUInt16LE(4, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(soundBytes, 40)
  return Buffer.concat([head, Buffer.alloc(soundBytes)])
}
