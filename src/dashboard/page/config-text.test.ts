import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterSettings, parseConfig } from './config-text.ts'

const text = [
  'name              "shop"                   file saola.config.ts',
  'apps.web.workers  4                        env WEB_CONCURRENCY',
  'apps.web.timeout  30s                      default',
  'programs.a.env    { "x": "two  spaces" }   file saola.config.ts',
  '',
].join('\n')

test('each setting has its value and its origin, also where a value has spaces', () => {
  const settings = parseConfig(text) ?? []
  assert.deepEqual(settings[1], {
    path: 'apps.web.workers',
    value: '4',
    origin: 'env WEB_CONCURRENCY',
    isDefault: false,
  })
  assert.equal(settings[3]?.value, '{ "x": "two  spaces" }')
  assert.deepEqual(
    settings.map(({ isDefault }) => isDefault),
    [false, false, true, false],
  )
})

test('a text of another form is not taken apart', () => {
  assert.equal(parseConfig('apps:\n  web: 4\n'), undefined)
  assert.deepEqual(parseConfig(''), [])
})

test('settings are found by words of their names, values and origins', () => {
  const settings = parseConfig(text) ?? []
  const found = (words: string, isSetOnly = false) =>
    filterSettings(settings, { text: words, isSetOnly }).map(({ path }) => path)
  assert.deepEqual(found('web ENV'), ['apps.web.workers'])
  assert.deepEqual(found('apps', true), ['apps.web.workers'])
  assert.equal(found('').length, 4)
})
