import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { request } from '../../../test/support/http-connection.ts'

test('guessed passwords are counted: above the rate limit none is looked at, and not even the right one helps', async t => {
  const salt = Buffer.from('salted')
  const hash = scryptSync('right', salt, 32, { N: 2, r: 1, p: 1 })
  const users = { ann: `scrypt$ln=1,r=1,p=1$${salt.toString('base64')}$${hash.toString('base64url')}` }
  const { url } = await openEdgeStage(t, {
    access: [{ path: '/staff', basic: { users } }],
    rateLimit: [{ path: '/staff', rate: '3/h' }],
  })
  const guess = async (password: string, path = '/staff') => {
    const headers = { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` }
    return (await request(url, { path, headers })).status
  }
  assert.deepEqual([await guess('a'), await guess('b', '/STAFF'), await guess('c', '/staff;x')], [401, 401, 401])
  assert.deepEqual([await guess('d'), await guess('right')], [429, 429])
})
