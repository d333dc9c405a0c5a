/** Certificates for tests, made as they are needed. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeSelfSigned } from '../../src/edge/tls/self-signed.ts'

export interface Pair {
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000

/** PEM texts; valid for a year from `from`. */
export function makePair(names: readonly string[], from = new Date()): Pair {
  const text = makeSelfSigned(names, from)
  const keyAt = text.indexOf('-----BEGIN PRIVATE KEY-----')
  return { cert: text.slice(0, keyAt), key: text.slice(keyAt) }
}

/** One that ends in so many days; a negative number is one that has ended. */
export function makePairEndingIn(days: number, names: readonly string[]): Pair {
  return makePair(names, new Date(Date.now() + (days - 365) * dayMs))
}

/** Writes NAME.cert.pem and NAME.key.pem, each at once, and gives their paths. */
export function writePair(dir: string, name: string, { cert, key }: Pair): { cert: string; key: string } {
  const files = { cert: join(dir, `${name}.cert.pem`), key: join(dir, `${name}.key.pem`) }
  for (const [file, text] of [
    [files.cert, cert],
    [files.key, key],
  ] as const) {
    writeFileSync(`${file}.new`, text, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return files
}
