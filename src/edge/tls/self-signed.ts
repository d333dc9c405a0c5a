/**
 * A certificate for development, that signs itself. It is no authority: whoever trusts it trusts this server, and the key
 * beside it can sign nothing else.
 */
import { chmod, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { makeFolder } from '../../base/make-folder.ts'
import { bits, der, integer, objectId, octets, pem, sequence, set, time, utf8, yes } from './der.ts'
import { type CheckedIdentity, checkIdentity } from './read-identity.ts'

const dayMs = 86_400_000
// Some systems refuse a certificate that is good for longer than 398 days.
const validDays = 365
const renewDays = 30

const algorithm = sequence(objectId('1.2.840.10045.4.3.2'))

/** Makes a new one, with a P-256 key: certificate and key in one PEM text. The first name is its common name, too. */
export function makeSelfSigned(names: readonly string[], now: Date): string {
  const { createPrivateKey, generateKeyPairSync, randomBytes, sign } = process.getBuiltinModule('node:crypto')
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const subject = sequence(set(sequence(objectId('2.5.4.3'), utf8(names[0] ?? 'localhost'))))
  // An hour back, for machines whose clock is late.
  const from = new Date(now.getTime() - 3_600_000)
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    // Positive, and short enough for everybody (RFC 5280, 4.1.2.2).
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    subject,
    sequence(time(from), time(new Date(now.getTime() + validDays * dayMs))),
    subject,
    pair.publicKey,
    der(0xa3, sequence(...extensionsFor(names))),
  )
  const signature = sign('sha256', body, createPrivateKey(pair.privateKey))
  return pem('CERTIFICATE', sequence(body, algorithm, bits(signature))) + pair.privateKey
}

function extensionsFor(names: readonly string[]): Buffer[] {
  const extension = (id: string, isCritical: boolean, value: Buffer) =>
    sequence(objectId(id), ...(isCritical ? [yes()] : []), octets(value))
  return [
    // No authority.
    extension('2.5.29.19', true, sequence()),
    // For signing handshakes, of servers.
    extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', false, sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...names.map(alternativeName))),
  ]
}

function alternativeName(name: string): Buffer {
  return isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name))
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return Buffer.from(all.map(group => group.padStart(4, '0')).join(''), 'hex')
}

/** What a browser on this machine calls it, and what another one does. */
export function namesOfMachine(): string[] {
  const own = hostname().toLowerCase()
  const isName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(own)
  return [...new Set(['localhost', '127.0.0.1', '::1', ...(isName ? [own] : [])])]
}

/**
 * The one that is kept in the file; a new one when there is none, or it is damaged, for other names, or ends within 30 days.
 * Only the owner may read the file. Where it cannot be written, as in a read-only folder, the certificate lives as long as
 * this process.
 */
export async function keepSelfSigned(file: string, now: Date, names = namesOfMachine()): Promise<CheckedIdentity> {
  const kept = await readFile(file, 'utf8').then(
    text => tryCheck(text, file),
    () => undefined,
  )
  const isGood =
    kept &&
    names.every(name => kept.names.includes(name)) &&
    kept.notAfter.getTime() - now.getTime() > renewDays * dayMs
  if (isGood) return kept
  const text = makeSelfSigned(names, now)
  await writeSecretly(file, text).catch(() => {})
  return check(text, file)
}

function tryCheck(text: string, file: string): CheckedIdentity | undefined {
  try {
    return check(text, file)
  } catch {
    return undefined
  }
}

function check(text: string, file: string): CheckedIdentity {
  const keyAt = text.indexOf('-----BEGIN PRIVATE KEY-----')
  const parts = { cert: text.slice(0, keyAt), key: text.slice(keyAt) }
  return { ...checkIdentity(parts, { cert: file, key: file }), file, isExposed: false }
}

async function writeSecretly(file: string, text: string): Promise<void> {
  await makeFolder(dirname(file), 0o700)
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, text, { mode: 0o600 })
  // The mode above counts for a new file only.
  await chmod(temporary, 0o600)
  await rename(temporary, file)
}
