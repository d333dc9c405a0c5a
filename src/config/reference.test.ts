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
    assert.deepEqual(web.required, ['app'])
    assert.equal(web.additionalProperties, false)
    assert.equal(web.properties.timeout.default, '30s')
    assert.doesNotMatch(JSON.stringify(schema), /"(?:kind|expected|short)":/)
  })
})

describe('every option', () => {
  it('says what it does, and every one with a value what a change of it takes', () => {
    for (const { path, description, change, isSection } of deriveOptions()) {
      assert.match(description, /\S.*[.:;]?$/, path)
      assert.match(description, /\.$/, path)
      const isInside = /\.workers\.(?:min|max)$/.test(path)
      if (!isSection && !isInside) assert.ok(change, `${path} says nothing of a change`)
    }
  })
})
