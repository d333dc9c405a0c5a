import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Config, defineConfig, env } from '../index.ts'

describe('the helpers of a configuration file', () => {
  it('give back what they are given, with its type', () => {
    const config = {
      apps: { web: { app: './app.ts', workers: { min: 1, max: 4 }, recycle: { memory: { soft: '80%' } } } },
    }
    assert.equal(defineConfig(config), config)
    const typed: Config = { apps: { web: { app: './app.ts', timeout: 30, listen: [':80'] } } }
    assert.equal(defineConfig(typed), typed)
    // @ts-expect-error: a misspelled key is found by the compiler, too.
    defineConfig({ apps: { web: { app: './app.ts', wrokers: 4 } } })
    const make = async ({ mode }: { mode: string }) => ({ name: mode, ...config })
    assert.equal(defineConfig(make), make)
  })

  it('read variables, and throw outside of Saola when there is none', () => {
    process.env.SAOLA_TEST_REGION = 'eu'
    assert.equal(env('SAOLA_TEST_REGION'), 'eu')
    assert.equal(env('SAOLA_TEST_NONE', 'us'), 'us')
    assert.equal(env('SAOLA_TEST_NONE', ''), '')
    delete process.env.SAOLA_TEST_REGION
    assert.throws(() => env('SAOLA_TEST_REGION'), {
      code: 'ERR_CONFIG_INVALID',
      message: 'The environment variable SAOLA_TEST_REGION is not set.',
    })
  })
})
