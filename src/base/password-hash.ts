/**
 * Passwords as they may stand in a file: scrypt (RFC 7914) with a salt, as `scrypt$ln=14,r=8,p=5$<salt>$<hash>`.
 *
 * Whoever reads a configuration loads this file. What they do not need, and what takes 5 ms to load, is taken where it is used.
 */

export interface PasswordHash {
  /** The logarithm of the cost. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** As hard as OWASP's first choice, with the memory of its last one: 16 MB, and some 150 ms. */
const costs = { ln: 14, r: 8, p: 5 }
const hashBytes = 32
/** Of one check: what is above could stop a server. */
const memoryBytesMax = 128 * 1024 ** 2
const expected = 'a text that "saola password" has made, such as "scrypt$ln=14,r=8,p=5$…$…"'

/**
 * A new text for a password.
 *
 * ```ts
 * const text = await hashPassword('correct horse')
 * ```
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = process.getBuiltinModule('node:crypto').randomBytes(16)
  const hash = await derive(password, { ...costs, salt, hash: Buffer.alloc(hashBytes) })
  const { ln, r, p } = costs
  return `scrypt$ln=${ln},r=${r},p=${p}$${toText(salt)}$${toText(hash)}`
}

/**
 * Reads such a text.
 *
 * @throws {Error} when it is none; the message does not repeat it.
 */
export function parsePasswordHash(text: string): PasswordHash {
  const found = /^\$?scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]{8,128})\$([\w+/-]{22,128})$/.exec(
    text.trim(),
  )
  if (!found) throw new Error(`expected ${expected}, got ${kindOf(text)}`)
  const [, ln = '', r = '', p = '', salt = '', hash = ''] = found
  const parsed = { ln: Number(ln), r: Number(r), p: Number(p), salt: fromText(salt), hash: fromText(hash) }
  const isPossible = parsed.ln >= 1 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16
  if (!isPossible || memoryOf(parsed) > memoryBytesMax) {
    throw new Error('expected a password hash with ln, r and p from 1 on, p up to 16, and 128 × r × 2^ln up to 128 MB')
  }
  return parsed
}

/** Whether it is the password, in a time that does not tell how much of it is right. */
export async function verifyPassword(password: string, hash: PasswordHash): Promise<boolean> {
  return process.getBuiltinModule('node:crypto').timingSafeEqual(await derive(password, hash), hash.hash)
}

/** A hash that no password has, for users that there are not: a check must take as long. */
export function impossibleHash(like: PasswordHash | undefined): PasswordHash {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return { ...(like ?? costs), salt: randomBytes(16), hash: randomBytes(like?.hash.length ?? hashBytes) }
}

function derive(password: string, { ln, r, p, salt, hash }: PasswordHash): Promise<Buffer> {
  const { scrypt } = process.getBuiltinModule('node:crypto')
  const options = { N: 2 ** ln, r, p, maxmem: 2 * memoryBytesMax }
  return new Promise((resolve, reject) => {
    // RFC 8265, 4.2.2: the same letters may be written with different code points.
    scrypt(password.normalize('NFC'), salt, hash.length, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

function memoryOf({ ln, r }: { ln: number; r: number }): number {
  return 128 * r * 2 ** ln
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function fromText(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

/** What somebody may have put there instead. */
function kindOf(text: string): string {
  if (/^\$2[aby]?\$/.test(text)) return 'a bcrypt hash of Apache (not supported)'
  if (/^\$apr1\$/.test(text)) return 'an MD5 hash of Apache (not supported)'
  if (/^\{SHA\}/i.test(text)) return 'a SHA-1 hash of Apache (not supported)'
  if (/^\$[156y]\$/.test(text)) return 'a hash of crypt (not supported)'
  return 'something else'
}
