/** Which codings of an answer a client takes (RFC 9110, 12.5.3). */

export const encodings = ['br', 'gzip', 'zstd'] as const

/** A coding that is served here. */
export type Encoding = (typeof encodings)[number]

/** Header texts that are remembered: browsers send few different ones. */
const rememberedMax = 64
const headerCharsMax = 1024

/**
 * Orders what a client accepts, best first: by its quality values, among equals by the server's order. What comes after
 * `identity` in the client's opinion is left out.
 *
 * Every server asks for each file which of several encodings it has, so one preferred encoding would not do.
 */
export function createEncodingOrder(
  preferred: readonly Encoding[],
): (header: string | undefined) => readonly Encoding[] {
  const remembered = new Map<string, readonly Encoding[]>()
  return header => {
    if (!header || header.length > headerCharsMax) return []
    const known = remembered.get(header)
    if (known) return known
    const order = orderOf(header, preferred)
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(header, order)
    return order
  }
}

function orderOf(header: string, preferred: readonly Encoding[]): Encoding[] {
  const qualities = parseQualities(header)
  const any = qualities.get('*')
  const identity = qualities.get('identity') ?? 0
  return preferred
    .map(encoding => ({ encoding, quality: qualities.get(encoding) ?? any ?? 0 }))
    .filter(({ quality }) => quality > 0 && quality >= identity)
    .sort((a, b) => b.quality - a.quality)
    .map(({ encoding }) => encoding)
}

/**
 * What a client takes, in one form for all that take the same: `br, gzip`, and `identity;q=0` for who takes nothing plain.
 * What is made for one of them suits the others.
 */
export function acceptedCodings(header: string): string {
  const qualities = parseQualities(header)
  const any = qualities.get('*') ?? 0
  const accepted = encodings.filter(name => (qualities.get(name) ?? any) > 0)
  return [...accepted, ...(refusesPlain(qualities) ? ['identity;q=0'] : [])].join(', ')
}

/** Whether a client wants nothing that is not encoded. */
export function refusesIdentity(header: string | undefined): boolean {
  // Hardly any says anything of the kind.
  return header?.includes(';') === true && refusesPlain(parseQualities(header))
}

function refusesPlain(qualities: ReadonlyMap<string, number>): boolean {
  return (qualities.get('identity') ?? qualities.get('*')) === 0
}

/** `x-gzip` is gzip (RFC 9110, 8.4.1.3). A quality that is none refuses: better plain than unreadable. */
function parseQualities(header: string): Map<string, number> {
  const qualities = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map(word => word.trim())
    if (name !== '') qualities.set(name === 'x-gzip' ? 'gzip' : name, qualityIn(parameters))
  }
  return qualities
}

function qualityIn(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [, weight] = /^q[\t ]*=[\t ]*(.*)$/.exec(parameter) ?? []
    if (weight !== undefined) return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0
  }
  return 1
}
