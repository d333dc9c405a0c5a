import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addMember } from './json-members.ts'

describe('a member that is added to a JSON text', () => {
  it('stands behind the others, with their indent, and nothing else changes', () => {
    const text = '{\n\t"files": ["a", "b"],\n\t"scripts": {\n\t\t"test": "echo \\"}\\""\n\t},\n\t"x": 1\n}'
    assert.equal(
      addMember(text, ['scripts', 'start'], 'saola start'),
      '{\n\t"files": ["a", "b"],\n\t"scripts": {\n\t\t"test": "echo \\"}\\"",\n\t\t"start": "saola start"\n\t},\n\t"x": 1\n}',
    )
  })

  it('may be the first, also of an object that was not there', () => {
    assert.equal(
      addMember('{\n  "name": "a",\n  "scripts": {}\n}\n', ['scripts', 'dev'], 'x'),
      '{\n  "name": "a",\n  "scripts": {\n    "dev": "x"\n  }\n}\n',
    )
    assert.equal(
      addMember('{\r\n    "name": "a"\r\n}\r\n', ['scripts', 'dev'], 'x'),
      '{\r\n    "name": "a",\r\n    "scripts": {\r\n        "dev": "x"\r\n    }\r\n}\r\n',
    )
    assert.equal(addMember('{}\n', ['scripts', 'dev'], 'x'), '{\n  "scripts": {\n    "dev": "x"\n  }\n}\n')
  })

  it('stays on the line of an object that has one', () => {
    assert.equal(
      addMember('{ "scripts": { "a": "b" } }', ['scripts', 'c'], 'd'),
      '{ "scripts": { "a": "b", "c": "d" } }',
    )
  })

  it('is in what the text means, whatever else that is', () => {
    const values = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true })
    const scripts = fc.option(fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), { nil: undefined })
    const indents = fc.constantFrom(undefined, 2, 4, '\t')
    fc.assert(
      fc.property(values, scripts, indents, (before, own, indent) => {
        // Without what JSON does not have, such as -0.
        const value = JSON.parse(JSON.stringify({ ...before, scripts: own }))
        if (own && '__new' in own) return
        const text = addMember(JSON.stringify(value, undefined, indent), ['scripts', '__new'], 'x')
        assert.deepEqual(JSON.parse(text), { ...value, scripts: { ...value.scripts, __new: 'x' } })
      }),
      { numRuns: 2_000 },
    )
  })
})
