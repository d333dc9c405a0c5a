import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, messageOf } from '../../base/errors.ts'
import { retryDelay, retryRules } from '../retry.ts'
import { describeError } from './describe-error.ts'
import { runJob } from './run-job.ts'

const noText = 'something that has no text'

function throwing(name: string): Error {
  return Object.defineProperty(new Error('x'), name, {
    get() {
      throw new Error('not even this')
    },
  })
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {})
  revoke()
  return proxy
}

test('whatever is thrown, it can be told, kept and tried again', () => {
  const odd: [string, unknown, string][] = [
    ['a name that is a symbol', Object.assign(new Error('x'), { name: Symbol('n') }), 'x'],
    ['a message without a text', Object.assign(new Error('x'), { message: Object.create(null) }), noText],
    ...['name', 'stack', 'code', 'retryAfter'].map((name): [string, unknown, string] => [name, throwing(name), 'x']),
    ['message', throwing('message'), noText],
    ['a proxy that is revoked', revoked(), noText],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['an object', { a: 1 }, '{"a":1}'],
  ]
  for (const [what, thrown, message] of odd) {
    const { name, ...rest } = describeError(thrown)
    assert.deepEqual([typeof name, rest.message], ['string', message], what)
    assert.ok(JSON.stringify(rest))
    assert.equal(typeof messageOf(thrown), 'string', what)
    assert.equal(codeOf(thrown), undefined, what)
    assert.equal(typeof retryDelay(retryRules({ attempts: 3 }), { error: thrown, attempt: 1 }), 'number', what)
  }
})

test('undefined that is thrown is a failure, too', async () => {
  const execute = () => Promise.reject(undefined)
  const job = { id: 'a', task: 't', payload: 'null', softMs: 0 } as never
  const run = { job, controller: new AbortController(), storeProgress: async () => {} }
  const outcome = await runJob({ execute } as never, run)
  assert.equal((outcome.error as Error).message, 'undefined was thrown.')
})
