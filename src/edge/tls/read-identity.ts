/**
 * Reads a certificate and its private key, and finds out whether a server can use them, before anybody depends on it.
 */
import type { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { codeOf, messageOf } from '../../base/errors.ts'
import type { Identity } from './credentials.ts'
import { normalName } from './name-table.ts'

export interface IdentityFiles {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string | undefined
  /** Instead of the names in the certificate. */
  readonly names?: readonly string[] | undefined
}

/** A pair that can be used, and what to know of it. */
export interface CheckedIdentity extends Identity {
  readonly file: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** SHA-256, as OpenSSL writes it. */
  readonly fingerprint: string
  /** Everybody on this machine may read the private key. */
  readonly isExposed: boolean
}

/** Why a pair cannot be used: one sentence, which begins with `cert` or `key`. */
class IdentityError extends Error {}

const fileBytesMax = 1024 * 1024

/**
 * @throws {IdentityError} when one of the files cannot be read, is not what it should be, or they do not belong together.
 */
export async function readIdentity({ cert, key, passphrase, names }: IdentityFiles): Promise<CheckedIdentity> {
  const [certText, keyText] = await Promise.all([readText('cert', cert), readText('key', key)])
  const checked = checkIdentity({ cert: certText, key: keyText, passphrase }, { cert, key })
  const { mode } = await stat(key)
  return {
    ...checked,
    names: names?.map(normalName) ?? checked.names,
    file: cert,
    isExposed: (mode & 0o004) !== 0,
  }
}

/** @throws {IdentityError} when it cannot be read; `what` is its option. */
export async function readText(what: string, file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > fileBytesMax) throw new Error(`it has ${size} bytes, and ${fileBytesMax} at most are read`)
    return await readFile(file, 'utf8')
  } catch (error) {
    throw broken(what, file, reasons[codeOf(error) ?? ''] ?? messageOf(error))
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

interface Texts {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string | undefined
}

/** @throws {IdentityError} when they are no pair; `files` is for the message only. */
export function checkIdentity(
  { cert, key, passphrase }: Texts,
  files: { cert: string; key: string },
): Omit<CheckedIdentity, 'file' | 'isExposed'> {
  const { createPrivateKey } = process.getBuiltinModule('node:crypto')
  const [own, ...chain] = parseCertificates(cert, files.cert)
  let privateKey: ReturnType<typeof createPrivateKey>
  try {
    privateKey = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    throw broken('key', files.key, `it has no private key that can be read: ${messageOf(error)}`)
  }
  if (!own.checkPrivateKey(privateKey)) {
    const isTurned = chain.some(other => other.checkPrivateKey(privateKey))
    const why = isTurned ? "the server's own certificate must come first in it" : `${files.key} is not its key`
    throw broken('cert', files.cert, why)
  }
  const plainKey = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key: plainKey })
  } catch (error) {
    throw broken('cert', files.cert, messageOf(error))
  }
  return {
    cert,
    key: plainKey,
    names: namesOf(own),
    notBefore: new Date(own.validFrom),
    notAfter: new Date(own.validTo),
    fingerprint: own.fingerprint256,
  }
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @throws {IdentityError} when there is none, or one of them is damaged; `what` is the option that has the file. */
export function parseCertificates(text: string, file: string, what = 'cert'): [X509Certificate, ...X509Certificate[]] {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1
  const blocks = text.match(pemCertificate) ?? []
  if (begun !== blocks.length) throw broken(what, file, 'its end is missing')
  try {
    const [first, ...rest] = blocks.map(block => new X509Certificate(block))
    if (first) return [first, ...rest]
  } catch (error) {
    throw broken(what, file, messageOf(error))
  }
  throw broken(what, file, 'there is no certificate in it')
}

/** The names that a certificate is for; its common name only where there are no others (RFC 9525, 2). */
function namesOf(certificate: X509Certificate): string[] {
  const texts = [...(certificate.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^",\s]+)/g)]
  const names = texts.map(([, name = '']) => normalName(name))
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1]
  return names.length > 0 || common === undefined ? [...new Set(names)] : [normalName(common)]
}

function broken(what: string, file: string, reason: string): IdentityError {
  return new IdentityError(`${what} expected a file that can be used, got "${file}" (${reason}).`)
}
