/** Compresses files that lie there without an encoding of them, each of them once: what comes out stays in memory with them. */
import { createTypeTest } from '../compression/compressible.ts'
import { createCompressors } from '../compression/compressors.ts'
import type { CompressionSettings } from '../compression/options.ts'
import { createEncodingOrder, type Encoding } from '../content/accept-encoding.ts'
import type { Mount } from './mount.ts'

export interface FileCompression {
  readonly encodings: readonly Encoding[]
  /** Which of them an Accept-Encoding asks for, best first. */
  order(header: string | undefined): readonly Encoding[]
  /** Whether files of this mount, type and size in bytes are compressed. */
  fits(mount: Pick<Mount, 'headers' | 'internal'>, type: string, size: number): boolean
  /** In another thread. Rejects when there is no memory for it. */
  compress(body: Buffer, encoding: Encoding): Promise<Buffer>
}

/** Longer files would keep a thread for too long that others read their files with: they are compressed when they are built. */
const sizeMax = 1024 * 1024

/** What a mount says of its files itself, and what would be wrong of a compressed one. */
const speaking = /^(?:content-(?:type|encoding|range|digest|md5)|(?:repr-)?digest|etag|vary)$/i

export function createFileCompression(compression: CompressionSettings | undefined): FileCompression | undefined {
  if (!compression) return undefined
  const { encodings, level, minBytes, types } = compression
  const isType = createTypeTest(types)
  const compressors = createCompressors(level)
  return {
    encodings,
    order: createEncodingOrder(encodings),
    fits: (mount, type, size) =>
      size >= Math.max(minBytes, 1) && size <= sizeMax && isType(type) && !mount.internal && !isSettled(mount),
    compress: (body, encoding) => compressors[encoding].later(body),
  }
}

function isSettled({ headers }: Pick<Mount, 'headers'>): boolean {
  return Object.entries(headers).some(
    ([name, value]) => speaking.test(name) || (/^cache-control$/i.test(name) && /no-transform/i.test(value)),
  )
}
