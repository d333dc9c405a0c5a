/** Bytes of the store as a page shows them: texts as they are, the rest as base64, and of what is long the beginning. */
import type { EntryView } from '../dashboard/api.ts'

/** Of one value. */
export const shownBytesMax = 64 * 1024
const nameBytesMax = 1024

export type ShownValue = Pick<EntryView, 'value' | 'encoding' | 'bytes' | 'isCut'>

/** `bytes`: how long it is in all, if only its beginning is given. */
export function shownValue(value: Buffer, bytes = value.length): ShownValue {
  const isCut = bytes > shownBytesMax
  const part = isCut ? cutBetweenLetters(value.subarray(0, shownBytesMax)) : value
  const text = textOf(part)
  if (text === undefined) return { value: part.toString('base64'), encoding: 'base64', bytes, isCut }
  return { value: text, encoding: !isCut && isJson(text) ? 'json' : 'text', bytes, isCut }
}

/** A name in full has no `id`. */
export function shownName(name: Buffer): { readonly text: string; readonly id: string | undefined } {
  const isCut = name.length > nameBytesMax
  const text = isCut ? `${cutBetweenLetters(name.subarray(0, nameBytesMax)).toString()}…` : name.toString()
  const isWhole = !isCut && textOf(name) !== undefined
  return { text, id: isWhole ? undefined : name.toString('base64url') }
}

export function isJson(text: string): boolean {
  // Most of what is none shows it at once, and an error is slow.
  if (!/^\s*["[{\d\-tfn]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** As long as it was asked for, but for a letter that would be broken; of what is no UTF-8 nothing is known of letters. */
export function cutText(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  return bytes.length <= bytesMax ? text : cutBetweenLetters(bytes.subarray(0, bytesMax)).toString()
}

function cutBetweenLetters(bytes: Buffer): Buffer {
  const start = bytes.findLastIndex(byte => (byte & 0xc0) !== 0x80)
  const lead = bytes[start] ?? 0
  const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  return start >= 0 && start + length > bytes.length ? bytes.subarray(0, start) : bytes
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}
