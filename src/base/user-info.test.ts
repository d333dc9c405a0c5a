import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutUserInfo } from './user-info.ts'

test('of an address with a password all of it is left out, also where it holds an @', () => {
  assert.equal(withoutUserInfo('redis://:p@ss@w@host:1/2?x=@', '…@'), 'redis://…@host:1/2?x=@')
  assert.equal(withoutUserInfo('redis://ann:pw@a:1,redis://bob:p@w@b:2'), 'redis://a:1,redis://b:2')
  assert.equal(withoutUserInfo('redis://ann:p,w@a:1'), 'redis://a:1')
  assert.equal(withoutUserInfo('redis://host:1'), 'redis://host:1')
})
