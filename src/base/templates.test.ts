import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleOf, fillTemplate, formsOf, unsetVariables } from './templates.ts'

const env = { HOME: '/srv', EMPTY: '', PRICE: '$&{instance}' }

test('the name, the instance and variables are put into their places, wherever they stand', () => {
  const fill = (text: string) => fillTemplate(text, { name: 'web', instance: 3, env })
  assert.equal(fill('--port 900{instance} --title {name}:{instance}'), '--port 9003 --title web:3')
  assert.equal(fill('{env.HOME}/run{env.EMPTY}/{name}'), '/srv/run/web')
  // What is put in is not looked at again.
  assert.equal(fill('{env.PRICE}'), '$&{instance}')
})

test('other braces are left alone', () => {
  const text = '{"name": "{Instance}", "a": {}} ${name2} {env} {env.} {env.A-B} {{}} { name }'
  assert.equal(fillTemplate(text, { name: 'web', instance: 3, env }), text)
})

test('what there is no value for yet stays', () => {
  assert.equal(fillTemplate('{name} {instance} {env.HOME}', { env }), '{name} {instance} /srv')
  assert.equal(fillTemplate('{name} {instance} {env.HOME}', { instance: 0 }), '{name} 0 {env.HOME}')
})

test('a variable that is not set is named', () => {
  assert.deepEqual(unsetVariables('{env.A} {env.HOME} {env.B}{env.A} {env.EMPTY}', env), ['A', 'B'])
  assert.throws(() => fillTemplate('a {env.A}', { env }), {
    code: 'ERR_CONFIG_INVALID',
    message: 'expected the environment variable A, got none for {env.A}',
  })
})

test('a text has a form for each instance, if it differs between them', () => {
  assert.deepEqual(formsOf('{name}-{instance}', { name: 'a' }, 3), ['a-0', 'a-1', 'a-2'])
  assert.deepEqual(formsOf('{name}', { name: 'a' }, 3), ['a'])
})

test('an example of a text can be read as the text will be', () => {
  assert.equal(exampleOf('127.0.0.1:900{instance}/{env.PATH}'), '127.0.0.1:9001/1')
})
