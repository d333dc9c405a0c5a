import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startWork } from '../../../test/support/busy-machine.ts'
import { fixedPrefixOf, globOf } from './glob.ts'

function matches(pattern: string, text: string): boolean {
  return globOf(Buffer.from(pattern, 'latin1'))(Buffer.from(text, 'latin1'))
}

describe('a pattern', () => {
  it('matches what Redis says', () => {
    const cases: readonly (readonly [pattern: string, yes: string, no: string])[] = [
      ['a*c', 'abbc', 'abb'],
      ['a?c', 'a\nc', 'ac'],
      ['*', '', '\0never'],
      ['h[ae]llo', 'hello', 'hillo'],
      ['h[^e]llo', 'hallo', 'hello'],
      ['[a-c]', 'b', 'd'],
      ['[c-a]', 'b', 'd'],
      ['[\\]x]', ']', '\\'],
      ['\\*', '*', 'a'],
      ['[ab', 'b', '[ab'],
      ['a[]', '\0never', 'a'],
      ['*a*b', 'xaxb', 'xbxa'],
      ['\xff?', '\xff\0', '\xfe\0'],
    ]
    for (const [pattern, yes, no] of cases) {
      if (!yes.includes('never')) assert.ok(matches(pattern, yes), `${pattern} and ${JSON.stringify(yes)}`)
      if (!no.includes('never')) assert.ok(!matches(pattern, no), `${pattern} and ${JSON.stringify(no)}`)
    }
  })

  it('takes bounded time, whatever it is', () => {
    const text = 'a'.repeat(5_000)
    const work = startWork()
    assert.ok(!matches(`${'*a'.repeat(200)}b`, text))
    assert.ok(!matches(`${'*'.repeat(5_000)}b`, text))
    // Milliseconds; one that tries every place of every star takes years.
    assert.ok(work() < 2_000)
  })

  it('says what every match begins with', () => {
    assert.equal(String(fixedPrefixOf(Buffer.from('user:[12]*'))), 'user:')
    assert.equal(String(fixedPrefixOf(Buffer.from('user'))), 'user')
    assert.equal(String(fixedPrefixOf(Buffer.from('a\\*b\\\\c\\'))), 'a*b\\c\\')
    assert.equal(String(fixedPrefixOf(Buffer.from('a\\*b?\\*'))), 'a*b')
  })
})
