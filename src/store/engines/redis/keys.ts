/**
 * How keys lie in Redis. A structure is the key of its name, as it is, so that others can read it. What Redis has no place for,
 * such as the ends of single entries, lies beside it in a companion: `saola:ttl:{centre}`. In a cluster both must be in one
 * slot, and that is found from what is between the braces, or from the whole key when there are none.
 */

/** The companions that hold data of their key: whatever deletes, ends or renames it does it to them. Others help for a moment. */
export const companionKinds: readonly string[] = ['ttl', 'uses', 'sizes']

const slots = 16_384
const openBrace = 0x7b
const closeBrace = 0x7d

/** The companion of a key: of another name, and in the same slot, whatever bytes the key has. */
export function companionOf(kind: string, key: Buffer): Buffer {
  const tag = tagOf(key)
  if (tag === key && key.length > 0 && !key.includes(closeBrace)) return Buffer.concat([start(kind), key, end])
  // A key with a brace at the wrong place has no part that could stand between braces: any text of its slot can.
  const text = tag === key ? Buffer.from(textOfSlot(slotOf(key))) : tag
  return Buffer.concat([start(kind), text, end, colon, key])
}

/** The same of a text; as a text where that is enough, which costs ioredis less. */
export function companionOfText(kind: string, key: string): string | Buffer {
  const isPlain = key !== '' && !key.includes('{') && !key.includes('}')
  return isPlain ? `saola:${kind}:{${key}}` : companionOf(kind, Buffer.from(key))
}

/** The key whose companion this is; undefined when it is none. */
export function keyOfCompanion(name: Buffer): { readonly kind: string; readonly key: Buffer } | undefined {
  const match = /^saola:([a-z]+):\{/.exec(name.subarray(0, 32).toString('latin1'))
  if (!match) return undefined
  const from = match[0].length
  const to = name.indexOf(closeBrace, from)
  if (to < 0) return undefined
  const isWhole = to === name.length - 1
  if (!isWhole && name[to + 1] !== 0x3a) return undefined
  return { kind: match[1] as string, key: isWhole ? name.subarray(from, to) : name.subarray(to + 2) }
}

/** The slot of a key in a cluster. */
export function slotOf(key: Buffer): number {
  return crc16(tagOf(key)) % slots
}

/** What decides about the slot: between the first brace and the next closing one, if there is something; else all. */
function tagOf(key: Buffer): Buffer {
  const from = key.indexOf(openBrace)
  if (from < 0) return key
  const to = key.indexOf(closeBrace, from + 1)
  return to <= from + 1 ? key : key.subarray(from + 1, to)
}

const end = Buffer.from('}')
const colon = Buffer.from(':')
const starts = new Map<string, Buffer>()

function start(kind: string): Buffer {
  let bytes = starts.get(kind)
  if (!bytes) {
    bytes = Buffer.from(`saola:${kind}:{`)
    starts.set(kind, bytes)
  }
  return bytes
}

let texts: string[] | undefined

/** The smallest number whose digits are of this slot. */
function textOfSlot(slot: number): string {
  texts ??= textsOfSlots()
  return texts[slot] as string
}

function textsOfSlots(): string[] {
  const found: string[] = Array(slots)
  for (let number = 0, missing = slots; missing > 0; number++) {
    const text = String(number)
    const slot = crc16(Buffer.from(text, 'latin1')) % slots
    if (found[slot] !== undefined) continue
    found[slot] = text
    missing--
  }
  return found
}

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

/** CRC16/XMODEM, as the specification of Redis Cluster has it. */
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) ^ (table[((crc >> 8) ^ byte) & 0xff] as number)) & 0xffff
  return crc
}
