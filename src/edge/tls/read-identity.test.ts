import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePair, writePair } from '../../../test/support/pairs.ts'
import { readIdentity } from './read-identity.ts'

const dir = mkdtempSync(join(tmpdir(), 'saola-identity-'))
test.after(() => rmSync(dir, { recursive: true }))

const pair = makePair(['shop.example', '*.shop.example', '10.0.0.1'])
const other = makePair(['other.example'])
const cutOff = (text: string) => text.slice(0, text.length - 60)

test('a pair tells its names, its end and its fingerprint', async () => {
  const identity = await readIdentity(writePair(dir, 'good', pair))
  assert.deepEqual(identity.names, ['shop.example', '*.shop.example', '10.0.0.1'])
  assert.match(identity.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.equal(identity.isExposed, false)
})

test('a key that everybody may read is told', async () => {
  const files = writePair(dir, 'exposed', pair)
  chmodSync(files.key, 0o644)
  assert.equal((await readIdentity(files)).isExposed, true)
})

test('an encrypted key needs its passphrase', async () => {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' } as const
  const key = String(createPrivateKey(pair.key).export(options))
  const files = writePair(dir, 'encrypted', { ...pair, key })
  assert.match((await readIdentity({ ...files, passphrase: 'open' })).key, /^-----BEGIN PRIVATE KEY-----/)
  await assert.rejects(readIdentity({ ...files, passphrase: 'shut' }), { message: /^key expected/ })
  await assert.rejects(readIdentity(files), { message: /^key expected .*no private key that can be read/ })
})

const broken: Record<string, { pair: { cert: string; key: string }; message: RegExp }> = {
  'the key of another certificate': {
    pair: { ...pair, key: other.key },
    message: /^cert expected .* is not its key\)/,
  },
  'a chain in the wrong order': {
    pair: { ...pair, cert: other.cert + pair.cert },
    message: /^cert expected .* must come first in it\)/,
  },
  'half a certificate': { pair: { ...pair, cert: cutOff(pair.cert) }, message: /^cert expected .*its end is missing/ },
  'a chain whose end is missing': {
    pair: { ...pair, cert: pair.cert + cutOff(other.cert) },
    message: /^cert expected .*its end is missing/,
  },
  'an empty certificate': { pair: { ...pair, cert: '' }, message: /^cert expected .*no certificate in it/ },
  'an empty key': { pair: { ...pair, key: '' }, message: /^key expected .*no private key/ },
  'half a key': { pair: { ...pair, key: cutOff(pair.key) }, message: /^key expected .*no private key/ },
  'the two files exchanged': { pair: { cert: pair.key, key: pair.cert }, message: /^cert expected .*no certificate/ },
}

for (const [what, { pair: wrong, message }] of Object.entries(broken)) {
  test(`${what} is refused, and the file is named`, async () => {
    const files = writePair(dir, 'broken', wrong)
    await assert.rejects(readIdentity(files), error => {
      assert.match(String((error as Error).message), message)
      assert.ok(String((error as Error).message).includes(dir))
      return true
    })
  })
}

test('a file that is missing, a folder and one that is huge are refused', async () => {
  const files = writePair(dir, 'here', pair)
  await assert.rejects(readIdentity({ ...files, key: join(dir, 'none') }), /key expected .*there is no such file/)
  await assert.rejects(readIdentity({ ...files, cert: dir }), /cert expected .*it is a folder/)
  const huge = join(dir, 'huge')
  writeFileSync(huge, Buffer.alloc(1024 * 1024 + 1, 'a'))
  await assert.rejects(readIdentity({ ...files, cert: huge }), /cert expected .*1048576 at most/)
})
