import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieRule } from './cookies.ts'

test('the cookie that only this host can have set is read first, and others do not crowd it out', () => {
  const rule = cookieRule('/run/control.sock')
  const [secure = ''] = rule.write('right', { maxAgeSeconds: 1, isSecure: true }).split(';')
  const [plain = ''] = rule.write('foreign', { maxAgeSeconds: 1, isSecure: false }).split(';')
  const header = [...new Array<string>(10).fill(plain), 'a=b', secure].join('; ')
  assert.deepEqual(rule.read(header), ['right', ...new Array<string>(4).fill('foreign')])
  assert.deepEqual(rule.read(undefined), [])
})
