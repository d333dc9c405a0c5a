import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, parsePasswordHash, verifyPassword } from './password-hash.ts'

test('a hash has its password, whichever way its letters are written, and no other', async () => {
  const text = await hashPassword('Zoë 密')
  assert.match(text, /^scrypt\$ln=14,r=8,p=5\$/)
  const hash = parsePasswordHash(text)
  assert.equal(await verifyPassword('Zoe\u0308 密', hash), true)
  assert.equal(await verifyPassword('Zoe 密', hash), false)
  assert.notEqual(await hashPassword('Zoë 密'), text)
})

test('the test vector of RFC 7914', async () => {
  // Section 12: scrypt('password', 'NaCl', N = 1024, r = 8, p = 16), the first 64 bytes.
  const hash =
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640'
  const text = `scrypt$ln=10,r=8,p=16$${Buffer.from('NaCl00').toString('base64')}$${Buffer.from(hash, 'hex').toString('base64url')}`
  const parsed = { ...parsePasswordHash(text), salt: Buffer.from('NaCl') }
  assert.deepEqual(parsed.hash.toString('hex'), hash)
  assert.equal(await verifyPassword('password', parsed), true)
})

test('what is no such hash is refused, with its kind and without itself', () => {
  for (const [text, message] of [
    ['$2y$05$abcdefghijklmnopqrstuv', /bcrypt.*not supported/],
    ['$apr1$abc$def', /MD5.*not supported/],
    ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /SHA-1.*not supported/],
    ['$6$salt$hash', /crypt \(not supported\)/],
    ['secret word', /something else/],
    [`scrypt$ln=20,r=8,p=1$AAAAAAAAAAA$${'A'.repeat(43)}`, /128 MB/],
    [`scrypt$ln=14,r=8,p=0$AAAAAAAAAAA$${'A'.repeat(43)}`, /from 1 on/],
  ] as const) {
    assert.throws(() => parsePasswordHash(text), message)
    assert.throws(
      () => parsePasswordHash(text),
      (error: Error) => !error.message.includes(text),
    )
  }
})
