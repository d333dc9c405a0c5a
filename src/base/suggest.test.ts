import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { suggest } from './suggest.ts'

const keys = ['workers', 'timeout', 'bootTimeout', 'listen', 'env', 'user']

describe('a suggestion', () => {
  it('is the nearest word: swapped, missing, added or wrong letters, in any case', () => {
    assert.equal(suggest('wrokers', keys), 'workers')
    assert.equal(suggest('worker', keys), 'workers')
    assert.equal(suggest('time_out', keys), 'timeout')
    assert.equal(suggest('LISTEN', keys), 'listen')
    assert.equal(suggest('usr', keys), 'user')
  })

  it('is not made when nothing is near', () => {
    assert.equal(suggest('port', keys), undefined)
    assert.equal(suggest('xyz', keys), undefined)
    assert.equal(suggest('anything', []), undefined)
  })
})
