/** The coders of zlib with the settings of this step. They are loaded with it: few processes need them. */
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import type zlib from 'node:zlib'
import type { Encoding } from '../content/accept-encoding.ts'
import type { CompressionSettings } from './options.ts'

export interface Compressor {
  /** At once: only for what takes less than a millisecond. */
  now(body: Buffer): Buffer
  /** All of it, in another thread. */
  later(body: Buffer): Promise<Buffer>
  /** In other threads, piece by piece. */
  stream(): CompressorStream
}

/** `flush` makes all that was written readable for the other end. */
export type CompressorStream = Transform & { flush(callback?: () => void): void; close(): void }

type Later = (body: Buffer, options: object) => Promise<Buffer>

/** Brotli would take 8 MB and more for a window of its own choice. */
const windowBits = 18

export function createCompressors(level: CompressionSettings['level']): Record<Encoding, Compressor> {
  const lib: typeof zlib = process.getBuiltinModule('node:zlib')
  const { constants } = lib
  const br = {
    params: { [constants.BROTLI_PARAM_QUALITY]: level.br, [constants.BROTLI_PARAM_LGWIN]: windowBits },
  }
  const zstd = {
    params: { [constants.ZSTD_c_compressionLevel]: level.zstd, [constants.ZSTD_c_windowLog]: windowBits },
  }
  const gzip = { level: level.gzip }
  const brOf = ({ length }: Buffer) => ({ params: { ...br.params, [constants.BROTLI_PARAM_SIZE_HINT]: length } })
  const brLater: Later = promisify(lib.brotliCompress)
  const zstdLater: Later = promisify(lib.zstdCompress)
  const gzipLater: Later = promisify(lib.gzip)
  return {
    br: {
      now: body => lib.brotliCompressSync(body, brOf(body)),
      later: body => brLater(body, brOf(body)),
      stream: () => lib.createBrotliCompress(br),
    },
    zstd: {
      now: body => lib.zstdCompressSync(body, zstd),
      later: body => zstdLater(body, zstd),
      stream: () => lib.createZstdCompress(zstd),
    },
    gzip: {
      now: body => lib.gzipSync(body, gzip),
      later: body => gzipLater(body, gzip),
      stream: () => lib.createGzip(gzip),
    },
  }
}
