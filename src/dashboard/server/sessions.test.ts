import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sessions } from './sessions.ts'

const hour = 3_600_000

function open(
  options: { secret?: string; users?: Record<string, string>; signedOut?: string[]; at?: () => number } = {},
) {
  const { secret = 'secret', users = { ann: 'hash' }, signedOut = [], at = () => 0 } = options
  return new Sessions({ secret, users, sessionMs: hour, signedOut, now: at })
}

test('a session says who has signed in, to every process with the same secret', () => {
  const cookie = open().begin('ann')
  assert.equal(open().read(cookie)?.user, 'ann')
  assert.equal(open().read(open().begin(undefined))?.user, 'token')
  assert.equal(open({ secret: 'another' }).read(cookie), undefined)
})

test('a user may have a long name', () => {
  const name = '🙂'.repeat(255)
  const sessions = open({ users: { [name]: 'hash' } })
  assert.equal(sessions.read(sessions.begin(name))?.user, name)
})

test('a session is over when its time is', () => {
  let now = 0
  const sessions = open({ at: () => now })
  const cookie = sessions.begin('ann')
  now = hour - 1
  assert.ok(sessions.read(cookie))
  now = hour
  assert.equal(sessions.read(cookie), undefined)
})

test('a session ends with the password of its user, and with the user', () => {
  const cookie = open().begin('ann')
  assert.equal(open({ users: { ann: 'new' } }).read(cookie), undefined)
  assert.equal(open({ users: {} }).read(cookie), undefined)
  const ofToken = open().begin(undefined)
  assert.ok(open({ users: {} }).read(ofToken))
})

test('a session that was ended is taken by no process that knows of it', () => {
  const sessions = open()
  const [cookie, other] = [sessions.begin('ann'), sessions.begin('ann')]
  const session = sessions.read(cookie)
  assert.ok(session)
  sessions.end(session.id)
  assert.equal(sessions.read(cookie), undefined)
  assert.ok(sessions.read(other))
  assert.equal(open({ signedOut: [session.id] }).read(cookie), undefined)
})

test('of a cookie that was changed by a bit nothing is taken', () => {
  const sessions = open()
  const cookie = sessions.begin('ann')
  for (let index = 0; index < cookie.length; index++) {
    const bit = String.fromCharCode(cookie.charCodeAt(index) ^ 1)
    assert.equal(sessions.read(cookie.slice(0, index) + bit + cookie.slice(index + 1)), undefined, `at ${index}`)
  }
  for (const wrong of ['', '.', '..', `${cookie}.`, `.${cookie}`, 'x'.repeat(10_000)])
    assert.equal(sessions.read(wrong), undefined)
})
