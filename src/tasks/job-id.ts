import { randomFillSync } from 'node:crypto'

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const idPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const random = new Uint8Array(16)
let lastMs = 0

/**
 * A ULID: 10 letters of time and 16 by chance, so that ids sort by time. Within a millisecond those of a process go up, so that
 * jobs of one list sort as they were given.
 */
export function newJobId(nowMs: number = Date.now()): string {
  if (nowMs !== lastMs || !increment()) {
    lastMs = nowMs
    randomFillSync(random)
    // Room to count up: 2^79 ids of one millisecond.
    random[0] = (random[0] ?? 0) & 15
  }
  let id = ''
  let rest = nowMs
  for (let i = 0; i < 10; i++) {
    id = letters[rest % 32] + id
    rest = Math.floor(rest / 32)
  }
  for (const byte of random) id += letters[byte & 31]
  return id
}

export function isJobId(given: unknown): given is string {
  return typeof given === 'string' && idPattern.test(given)
}

/** The next one, in base 32 from behind; false when there is none. */
function increment(): boolean {
  for (let i = random.length - 1; i >= 0; i--) {
    const digit = ((random[i] ?? 0) & 31) + 1
    random[i] = digit & 31
    if (digit < 32) return true
  }
  return false
}
