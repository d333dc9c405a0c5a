/** Writes the few forms of ASN.1 that a certificate is made of, in its one encoding, DER (X.690). */

/** A tag, and a content of any length. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

export const sequence = (...items: readonly Uint8Array[]) => der(0x30, ...items)
export const set = (...items: readonly Uint8Array[]) => der(0x31, ...items)
export const octets = (content: Uint8Array) => der(0x04, content)
export const utf8 = (text: string) => der(0x0c, Buffer.from(text))
export const yes = () => der(0x01, Buffer.from([0xff]))

/** Bytes as bits; `unused` of the last ones do not count. */
export const bits = (content: Uint8Array, unused = 0) => der(0x03, Buffer.from([unused]), content)

/** A number that is not negative, the highest byte first. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const content = bytes.subarray(start)
  // A set first bit would make it negative.
  return (content[0] ?? 0) >= 0x80 ? der(0x02, Buffer.from([0]), content) : der(0x02, content)
}

/** `1.2.840.10045.4.3.2` */
export function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(sevenBits)]))
}

/** Until 2049 with two digits for the year, then with four, as RFC 5280 (4.1.2.5) demands. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  const isShort = date.getUTCFullYear() < 2050
  return der(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits))
}

/** Lines of base64 between its two marks (RFC 7468). */
export function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

/** The highest seven bits first; all bytes but the last have the eighth. */
function sevenBits(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}
