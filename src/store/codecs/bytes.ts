import { types } from 'node:util'
import { type Codec, classNameOf, misfit, valueInvalid } from './codec.ts'

/** Takes more kinds of bytes than it gives back. */
export interface BytesCodec extends Codec<Buffer> {
  encode(value: Uint8Array | ArrayBuffer): Uint8Array
}

/**
 * Bytes as they are.
 *
 * ```ts
 * await images.set('logo', await readFile('logo.png'))
 * ```
 */
export const bytesCodec: BytesCodec = {
  name: 'bytes',
  // A copy, as with every codec: what is written is the value at the moment of the call, whatever happens to it later.
  encode: value => Buffer.from(viewOf(value)),
  decode: bytes => bytes,
}

function viewOf(value: unknown): Uint8Array {
  const isBuffer = types.isArrayBuffer(value)
  if (!isBuffer && !types.isUint8Array(value)) throw valueInvalid('bytes', misfit(describe(value)))
  const buffer = isBuffer ? value : value.buffer
  if ('detached' in buffer && buffer.detached) {
    throw valueInvalid('bytes', misfit('an ArrayBuffer that was transferred to another thread (store it before)'))
  }
  return isBuffer ? new Uint8Array(value) : value
}

function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string (use Buffer.from(text), or the codec "json")'
  if (ArrayBuffer.isView(value)) {
    return `a ${classNameOf(value)} (use new Uint8Array(view.buffer, view.byteOffset, view.byteLength))`
  }
  const kind = typeof value === 'object' && value !== null ? (classNameOf(value) ?? 'object') : String(typeof value)
  return `${value === null ? 'null' : kind} (it holds only Uint8Array, Buffer and ArrayBuffer)`
}
