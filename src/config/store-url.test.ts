import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ServerError } from '../base/errors.ts'
import { printConfig } from './print.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-url-')))
writeFileSync(join(folder, 'app.ts'), '')
after(() => rmSync(folder, { recursive: true }))

function resolve(store: object, env: Record<string, string> = {}) {
  const value = { apps: { web: { app: './app.ts' } }, store }
  const request = { cwd: folder, flags: {}, env, mode: 'start' } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value, problems: [] })
}

function problemsOf(store: object): readonly string[] {
  try {
    resolve(store)
  } catch (error) {
    return (error as ServerError).problems
  }
  return assert.fail('It was accepted.')
}

test('the address of the store comes from the file or the environment, and is printed without its password', () => {
  const loaded = resolve({}, { SAOLA_STORE_URL: 'rediss://ann:hush@db.example:6380/1' })
  assert.equal(loaded.config.store.url, 'rediss://ann:hush@db.example:6380/1')
  const line = printConfig(loaded).match(/^store\.url .*$/m)?.[0] ?? ''
  assert.match(line, /"rediss:\/\/…@db\.example:6380\/1" +env SAOLA_STORE_URL/)
})

test('an address that is none is refused, without what is secret in it', () => {
  for (const url of ['localhost', 'http://:hush@localhost', 'redis://', 'redis://:hush@a, b']) {
    const [problem = '', ...others] = problemsOf({ url })
    assert.match(problem, /^store\.url expected the address of Redis or Valkey such as "redis:\/\/user/, url)
    assert.ok(!problem.includes('hush'))
    assert.deepEqual(others, [])
  }
})

test('what is in Redis is in no folder, and what a folder needs has no effect', () => {
  const url = 'redis://a:1,redis://b:2'
  assert.deepEqual(problemsOf({ url, dir: './data' }), [
    'store.url and store.dir exclude each other: the data is in Redis, or in a folder. Remove one.',
  ])
  const { warnings } = resolve({ url, durability: 'always', maxKeys: 7, maxValueBytes: '1mb' })
  assert.deepEqual(warnings, [
    'store.durability has no effect: the data is in Redis, at store.url.',
    'store.maxKeys has no effect: the data is in Redis, at store.url.',
  ])
})
