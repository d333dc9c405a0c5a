import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerError } from '../base/errors.ts'
import { describeBootError, isPlaceless } from './boot-error.ts'

const entry = '/srv/shop/app.ts'

function errorWith(stack: string, fields: object = {}): Error {
  return Object.assign(new Error('no database'), { stack, ...fields })
}

test("frames of Node and of Saola are left out of an application's stack", () => {
  const ours = new URL('./worker.ts', import.meta.url).href
  const stack = `Error: no database\n    at connect (file:///srv/shop/db.ts:3:9)\n    at async boot (${ours}:90:5)\n    at node:internal/x:1:2`
  assert.deepEqual(describeBootError(errorWith(stack), entry), {
    message: 'no database',
    stack: 'Error: no database\n    at connect (file:///srv/shop/db.ts:3:9)',
  })
})

test('what is no error is a message, and an error of Saola has no stack', () => {
  assert.deepEqual(describeBootError('a text', entry), { message: 'a text', stack: '' })
  const error = new ServerError('ERR_APP_INVALID', 'The application serves nothing.')
  assert.deepEqual(describeBootError(error, entry), { message: 'The application serves nothing.', stack: '' })
})

test('TypeScript that has to be compiled comes with advice', () => {
  const unsupported = errorWith('', { code: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', message: 'No enums.' })
  assert.match(describeBootError(unsupported, entry).message, /^No enums\. Node only takes types off: .*'tsx'/)
  const decorator = new SyntaxError('Invalid or unexpected token')
  assert.match(describeBootError(decorator, entry).message, /^Invalid or unexpected token\. Node only takes types off/)
  assert.equal(describeBootError(decorator, '/srv/shop/app.js').message, 'Invalid or unexpected token')
})

test('a syntax error of an ES module does not say where it is', () => {
  const inModule = Object.assign(new SyntaxError('x'), {
    stack: 'SyntaxError: x\n    at node:internal/modules/esm:1:1',
  })
  const inScript = Object.assign(new SyntaxError('x'), { stack: '/srv/shop/app.cjs:1\nconst x = ;\n\nSyntaxError: x' })
  const atRuntime = Object.assign(new SyntaxError('x'), { stack: 'SyntaxError: x\n    at file:///srv/shop/app.js:1:1' })
  const isPlacelessError = (error: Error) => isPlaceless(error, describeBootError(error, entry))
  assert.deepEqual([inModule, inScript, atRuntime, new Error('x')].map(isPlacelessError), [true, false, false, false])
})
