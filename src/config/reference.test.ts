import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { deriveOptions } from './derive.ts'
import { configJsonSchema, renderConfigReference, renderErrorReference, renderGenerated } from './reference.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const advice = 'Run: node scripts/reference.mjs'

describe('what is generated from the code', () => {
  it('is up to date', () => {
    assert.equal(read('docs', 'reference', 'config.md'), renderConfigReference(), advice)
    assert.equal(read('docs', 'reference', 'errors.md'), renderErrorReference(), advice)
    assert.equal(read('src', 'config', 'generated.ts'), renderGenerated(), advice)
  })

  it('has a JSON Schema that editors understand', () => {
    const schema = JSON.parse(JSON.stringify(configJsonSchema()))
    const web = schema.properties.apps.additionalProperties
    assert.equal(web.required, undefined)
    assert.equal(web.additionalProperties, false)
    assert.equal(web.properties.timeout.default, '30s')
    assert.doesNotMatch(JSON.stringify(schema), /"(?:kind|expected|short)":/)
  })
})

describe('the reference', () => {
  const reference = renderConfigReference()

  it('has a row for every key, also in lists, in records and in sections that may be written as a list', () => {
    for (const row of ['maxMemoryBytes', 'maxSharedBytes', 'rate', 'satisfy', 'keepQuery', 'weight', 'immutable']) {
      assert.match(reference, new RegExp(`^\\| \`${row}\` \\| .* \\| restart \\| .*\\. \\|$`, 'm'), row)
    }
  })

  it('names every form of a value', () => {
    assert.match(reference, /^\| `ttl` \| `"origin"`, duration \|/m)
    assert.match(reference, /^\| `delay` \| boolean, duration \|/m)
    assert.match(reference, /^\| `health` \| `false`, section \|/m)
    assert.match(reference, /^\| `statuses` \| list of numbers \|/m)
    assert.match(reference, /^\| `query` \| `"all"`, `"none"`, list of texts \|/m)
    assert.match(reference, /^\| `header` \| text \| {2}\|/m)
  })
})

describe('every option', () => {
  it('says what it does, and every one with a value what a change of it takes', () => {
    for (const { path, description, change, isSection } of deriveOptions()) {
      // An item or an entry needs no more words than its list or record.
      if (/(?:\[\]|\*)$/.test(path)) continue
      assert.match(description, /\S.*[.:;]?$/, path)
      assert.match(description, /\.$/, path)
      const isInside = /\.workers\.(?:min|max)$/.test(path)
      if (!isSection && !isInside) assert.ok(change, `${path} says nothing of a change`)
    }
  })
})
