import { quoted } from '../../base/printable.ts'
import { suggest } from '../../base/suggest.ts'
import { StoreError } from '../store-error.ts'
import { type BytesCodec, bytesCodec } from './bytes.ts'
import type { Codec } from './codec.ts'
import { jsonCodec } from './json.ts'
import { structuredCodec } from './structured.ts'

const codecs = { json: jsonCodec, bytes: bytesCodec, structured: structuredCodec } as const

export type CodecName = keyof typeof codecs

const expected = '"json", "bytes", "structured" or an object with name, encode and decode'
const names = Object.keys(codecs)

/**
 * The codec of this name, or one of the application's own.
 *
 * ```ts
 * codecOf()          // json
 * codecOf('bytes')
 * codecOf({ name: 'csv', encode: rows => …, decode: bytes => … })
 * ```
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when it is neither.
 */
export function codecOf(codec: 'bytes'): BytesCodec
export function codecOf<V = unknown>(codec?: CodecName | Codec<V>): Codec<V>
export function codecOf(codec: unknown = 'json'): unknown {
  if (typeof codec === 'string' && Object.hasOwn(codecs, codec)) return codecs[codec as CodecName]
  if (isCodec(codec)) return codec
  throw new StoreError('STORE_ARGUMENT_INVALID', `codec expected ${expected}, got ${describe(codec)}`)
}

function isCodec(codec: unknown): boolean {
  const { name, encode, decode } = (codec ?? {}) as Partial<Codec<unknown>>
  return typeof name === 'string' && typeof encode === 'function' && typeof decode === 'function'
}

function describe(codec: unknown): string {
  if (typeof codec !== 'string') return `${codec === null ? 'null' : typeof codec}.`
  const near = suggest(codec, names)
  return near ? `${quoted(codec)}, did you mean "${near}"?` : `${quoted(codec)}.`
}
