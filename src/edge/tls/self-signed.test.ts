import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { integer, objectId, time } from './der.ts'
import { keepSelfSigned, makeSelfSigned, namesOfMachine } from './self-signed.ts'

const dayMs = 86_400_000
const names = ['localhost', '127.0.0.1', '::1', '2001:db8::a:0', 'vm.example']

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-self-signed-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

test('the certificate says what it should', () => {
  const now = new Date('2026-11-21T12:00:00Z')
  const certificate = new X509Certificate(makeSelfSigned(names, now))
  assert.equal(certificate.subject, 'CN=localhost')
  for (const name of ['localhost', 'vm.example']) assert.equal(certificate.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1', '2001:db8::a:0']) assert.equal(certificate.checkIP(address), address)
  assert.equal(certificate.ca, false)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(new Date(certificate.validFrom).toISOString(), '2026-11-21T11:00:00.000Z')
  assert.equal(new Date(certificate.validTo).toISOString(), '2027-11-21T12:00:00.000Z')
})

test('OpenSSL finds nothing wrong with it', t => {
  const file = join(folder(t), 'both.pem')
  for (const now of [new Date(), new Date(Date.now() - 100 * dayMs)]) {
    writeFileSync(file, makeSelfSigned(names, now))
    const { stdout, stderr } = spawnSync('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', file, file], {
      encoding: 'utf8',
    })
    assert.equal(stdout, `${file}: OK\n`, stderr)
  }
})

test('two have different numbers and keys', () => {
  const [one, other] = [new Date(), new Date()].map(now => new X509Certificate(makeSelfSigned(names, now)))
  assert.notEqual(one?.serialNumber, other?.serialNumber)
  assert.notEqual(
    one?.publicKey.export({ type: 'spki', format: 'pem' }),
    other?.publicKey.export({ type: 'spki', format: 'pem' }),
  )
})

test('it is made once, for its owner only, and made anew when it ends, is damaged or has too few names', async t => {
  const file = join(folder(t), 'state', 'self-signed.pem')
  const now = new Date()
  const first = await keepSelfSigned(file, now, names)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal((await keepSelfSigned(file, new Date(now.getTime() + 300 * dayMs), names)).cert, first.cert)
  const second = await keepSelfSigned(file, new Date(now.getTime() + 340 * dayMs), names)
  assert.notEqual(second.cert, first.cert)
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 300))
  const third = await keepSelfSigned(file, now, names)
  assert.equal((await keepSelfSigned(file, now, names)).cert, third.cert)
  assert.ok((await keepSelfSigned(file, now, [...names, 'more.example'])).names.includes('more.example'))
})

test('where nothing can be written there is one all the same', async () => {
  const made = await keepSelfSigned('/proc/saola/self-signed.pem', new Date(), names)
  assert.ok(made.names.includes('localhost'))
})

test('the names of this machine begin with localhost', () => {
  assert.deepEqual(namesOfMachine().slice(0, 3), ['localhost', '127.0.0.1', '::1'])
})

test('numbers, identifiers and times are written as DER has them', () => {
  assert.equal(integer(Buffer.from([0])).toString('hex'), '020100')
  assert.equal(integer(Buffer.from([0, 0x80])).toString('hex'), '02020080')
  assert.equal(integer(Buffer.from([0, 0, 0x7f])).toString('hex'), '02017f')
  assert.equal(objectId('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302')
  assert.equal(time(new Date('2049-12-31T23:59:59Z')).toString('latin1', 2), '491231235959Z')
  assert.equal(time(new Date('2050-01-01T00:00:00Z')).toString('latin1', 2), '20500101000000Z')
})

test('any list of names comes back as it was', () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,63}$/)
  const anyNames = fc.uniqueArray(fc.oneof(label, fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 40 })
  const now = new Date()
  fc.assert(
    fc.property(anyNames, given => {
      const { subjectAltName = '' } = new X509Certificate(makeSelfSigned(given, now))
      return subjectAltName.split(', ').length === given.length
    }),
    { numRuns: 30 },
  )
})
