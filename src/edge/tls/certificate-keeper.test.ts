import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startTurns } from '../../../test/support/busy-machine.ts'
import { makePair, makePairEndingIn, writePair } from '../../../test/support/pairs.ts'
import { createLog, type LogRecord } from '../../base/log.ts'
import { CertificateKeeper } from './certificate-keeper.ts'
import { type TlsSettings, tlsOptions } from './options.ts'

const hourMs = 3_600_000

/** A keeper in a folder of its own, with a clock that can be put forward, and its events. */
function stage(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-keeper-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const events = new EventEmitter()
  const records: LogRecord[] = []
  const time = { ms: 0 }
  const clock = { now: () => performance.now() + time.ms, date: () => new Date(Date.now() + time.ms) }
  const log = createLog({
    clock,
    write(record) {
      records.push(record)
      events.emit(record.event, record)
    },
  })
  const open = async (input: object | 'self-signed', previous?: CertificateKeeper) => {
    const tls = tlsOptions.parse(input) as TlsSettings
    const options = { app: 'web', tls, selfSignedFile: join(dir, 'self-signed.pem'), clock, log, previous }
    const keeper = await CertificateKeeper.open(options)
    t.after(() => keeper.close())
    return keeper
  }
  return { dir, time, records, events, open, names: () => records.map(({ event }) => event) }
}

/** Whether nobody holds it any more, once the garbage is gone. */
async function isFree(kept: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc')
  // What a WeakRef was asked for stays until the turn ends.
  await new Promise(resolve => setImmediate(resolve))
  runInNewContext('gc')()
  return kept.deref() === undefined
}

const one = makePair(['one.example'])
const two = makePair(['two.example'])

test('a pair that is replaced is taken within 2 s, and one that is not is left alone', async t => {
  const { dir, events, open, names } = stage(t)
  const files = writePair(dir, 'web', one)
  const keeper = await open(files)
  keeper.watch(() => events.emit('change'))
  const keys = keeper.credentials.ticketKeys
  const changed = once(events, 'change')
  const passedMs = startTurns(t)
  writePair(dir, 'web', two)
  await changed
  assert.ok(passedMs() < 2_000)
  assert.equal(keeper.credentials.identities[0]?.cert, two.cert)
  assert.deepEqual(keeper.credentials.identities[0]?.names, ['two.example'])
  assert.equal(keeper.credentials.ticketKeys, keys)
  assert.deepEqual(names(), ['edge.certificate.loaded', 'edge.certificate.loaded'])
})

test('a broken pair is refused and named, the old one stays, and a right one is taken after it', async t => {
  const { dir, events, open, records } = stage(t)
  const files = writePair(dir, 'web', one)
  const keeper = await open(files)
  keeper.watch(() => events.emit('change'))
  for (const broken of [
    { ...two, cert: two.cert.slice(0, 300) },
    { ...two, key: makePair(['x']).key },
  ]) {
    const refused = once(events, 'edge.certificate.refused')
    writePair(dir, 'web', broken)
    const [{ level, fields }] = await refused
    assert.equal(level, 'error')
    assert.ok(String(fields.error).includes(files.cert))
    assert.equal(keeper.credentials.identities[0]?.cert, one.cert)
  }
  const changed = once(events, 'change')
  writePair(dir, 'web', two)
  await changed
  assert.equal(keeper.credentials.identities[0]?.cert, two.cert)
  assert.equal(records.filter(({ event }) => event === 'edge.certificate.refused').length, 2)
})

test('a symbolic link above the files that is turned is seen, as certbot and Kubernetes turn them', async t => {
  const { dir, events, open } = stage(t)
  for (const [version, pair] of Object.entries({ v1: one, v2: two })) {
    mkdirSync(join(dir, version))
    writePair(join(dir, version), 'tls', pair)
  }
  symlinkSync('v1', join(dir, '..data'))
  for (const name of ['tls.cert.pem', 'tls.key.pem']) symlinkSync(join('..data', name), join(dir, name))
  const keeper = await open({ cert: join(dir, 'tls.cert.pem'), key: join(dir, 'tls.key.pem') })
  keeper.watch(() => events.emit('change'))
  const changed = once(events, 'change')
  symlinkSync('v2', join(dir, '..data-new'))
  renameSync(join(dir, '..data-new'), join(dir, '..data'))
  await changed
  assert.equal(keeper.credentials.identities[0]?.cert, two.cert)
})

test('a pair that is still being written is left alone until it is not', async t => {
  const { dir, events, open, names } = stage(t)
  const files = writePair(dir, 'web', one)
  const keeper = await open(files)
  keeper.watch(() => events.emit('change'))
  const changed = once(events, 'change')
  let written = 0
  const text = two.cert.repeat(2)
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      written += 8
      writeFileSync(files.cert, text.slice(0, written))
      if (written < 400) return
      clearInterval(timer)
      resolve()
    }, 25)
  })
  writePair(dir, 'web', two)
  await changed
  assert.deepEqual(names(), ['edge.certificate.loaded', 'edge.certificate.loaded'])
})

test('files that are gone change nothing', async t => {
  const { dir, events, open } = stage(t)
  const files = writePair(dir, 'web', one)
  const keeper = await open(files)
  keeper.watch(() => assert.fail())
  const refused = once(events, 'edge.certificate.refused')
  unlinkSync(files.key)
  const [{ fields }] = await refused
  assert.match(fields.error, /^apps\.web\.tls\.key expected .*there is no such file/)
  assert.equal(keeper.credentials.identities[0]?.cert, one.cert)
})

test('the keys of tickets change every twelve hours', async t => {
  const { dir, time, events, open } = stage(t)
  const keeper = await open(writePair(dir, 'web', one))
  keeper.watch(() => events.emit('change'))
  const before = keeper.credentials.ticketKeys
  assert.equal(Buffer.from(before, 'base64').length, 48)
  const changed = once(events, 'change')
  time.ms += 12 * hourMs
  await changed
  assert.notEqual(keeper.credentials.ticketKeys, before)
})

test('the keys of tickets outlive a reload, unless other clients are let in after it', async t => {
  const { dir, open } = stage(t)
  const files = writePair(dir, 'web', one)
  const ca = writePair(dir, 'ca', two).cert
  const first = await open(files)
  const { ticketKeys } = first.credentials
  assert.equal((await open({ ...files, minVersion: 'TLSv1.3' }, first)).credentials.ticketKeys, ticketKeys)
  assert.notEqual(
    (await open({ ...files, ca, clientCertificate: 'optional' }, first)).credentials.ticketKeys,
    ticketKeys,
  )
})

test('a certificate that ends soon, has ended, or whose key is open to all is told, again each day', async t => {
  const { dir, time, events, records, open } = stage(t)
  const pairs = [makePairEndingIn(10.5, ['soon']), makePairEndingIn(-1, ['late']), makePairEndingIn(20, ['fine'])]
  const [first, ...certificates] = pairs.map((pair, index) => writePair(dir, `pair-${index}`, pair))
  chmodSync(certificates[1]?.key ?? '', 0o644)
  const keeper = await open({ ...first, certificates })
  keeper.watch(() => {})
  const warnings = () => records.filter(({ level }) => level === 'warn').map(({ event }) => event)
  const expected = ['edge.certificate.ending', 'edge.certificate.expired', 'edge.certificate.exposed']
  assert.deepEqual(warnings(), expected)
  assert.equal(records.find(({ event }) => event === expected[0])?.fields.days, 10)
  const again = once(events, 'edge.certificate.exposed')
  time.ms += 24 * hourMs
  await again
  assert.deepEqual(warnings(), [...expected, ...expected])
})

test('everything that cannot be used is listed', async t => {
  const { dir, open } = stage(t)
  const files = writePair(dir, 'web', { ...one, key: two.key })
  const ca = join(dir, 'ca.pem')
  writeFileSync(ca, 'nothing')
  const certificates = [{ cert: join(dir, 'none'), key: files.key }]
  const settings = { ...files, certificates, ca, clientCertificate: 'required', ciphers: 'NO-SUCH-SUITE' }
  await assert.rejects(open(settings), ({ code, problems }) => {
    assert.equal(code, 'ERR_CONFIG_INVALID')
    const expected = [
      /^apps\.web\.tls\.ca expected/,
      /^apps\.web\.tls\.cert expected .* is not its key/,
      /^apps\.web\.tls\.certificates\[0\]\.cert expected/,
      /^apps\.web\.tls\.ciphers expected/,
    ]
    assert.equal(problems.length, expected.length)
    for (const [index, problem] of problems.toSorted().entries()) assert.match(problem, expected[index] ?? /^$/)
    return true
  })
})

test('the certificate that signs itself is the same after a reload', async t => {
  const { open } = stage(t)
  const [first, second] = [await open('self-signed'), await open('self-signed')]
  assert.equal(first.credentials.identities[0]?.cert, second.credentials.identities[0]?.cert)
})

test('reloads leave nothing of the keepers before', async t => {
  const { dir, open: openAnother } = stage(t)
  const files = writePair(dir, 'web', one)
  // Not those of the stage, which are closed when the test ends, and so held by it.
  const clock = { now: () => 0, date: () => new Date() }
  const log = createLog({ clock, write() {} })
  const tls = tlsOptions.parse(files) as TlsSettings
  const open = (previous?: CertificateKeeper) =>
    CertificateKeeper.open({ app: 'web', tls, selfSignedFile: join(dir, 'own.pem'), clock, log, previous })
  const after = async (): Promise<[WeakRef<CertificateKeeper>, CertificateKeeper]> => {
    const first = await open()
    return [new WeakRef(first), await open(first)]
  }
  const [first, second] = await after()
  assert.equal((await openAnother(files, second)).credentials.ticketKeys, second.credentials.ticketKeys)
  assert.ok(await isFree(first))
})
