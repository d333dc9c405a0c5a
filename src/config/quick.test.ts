import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { LoadedConfig, LoadRequest } from './config.ts'
import { quickConfig } from './quick.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-quick-')))
writeFileSync(join(folder, 'app.ts'), '')
after(() => rmSync(folder, { recursive: true }))

const address = fc.constantFrom(
  ':8000',
  '127.0.0.1:0',
  '[::1]:1',
  'unix:x.sock',
  'unix:/a/b',
  'fd://3',
  'systemd:web',
  'x',
)
/** Mostly one of the usual values, and sometimes none or a strange one. */
const maybe = <Value>(usual: readonly Value[], strange: readonly Value[]) =>
  fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 2 },
    { arbitrary: fc.constantFrom(...usual), weight: 8 },
    { arbitrary: fc.constantFrom(...strange), weight: 1 },
  )
const requests: fc.Arbitrary<LoadRequest> = fc.record(
  {
    cwd: fc.constant(folder),
    flags: fc.record({
      app: fc.oneof({ arbitrary: fc.constant('./app.ts'), weight: 8 }, maybe(['app.ts'], ['gone.ts', folder])),
      workers: maybe<string | number>(['auto', '2', 3], ['0', '5000', 'many', '']),
      bind: fc.option(fc.array(address, { maxLength: 2 }), { nil: undefined }),
      name: maybe(['shop'], ['a b', '']),
    }),
    env: fc.record({
      PORT: maybe(['80'], ['x', '']),
      WEB_CONCURRENCY: maybe(['2', 'auto'], ['x', '']),
      SAOLA_WORKER: fc.constant('{}'),
    }),
    fromFiles: fc.constantFrom<Record<string, string>>({}, { PORT: '.env', WEB_CONCURRENCY: '.env.local' }),
    mode: fc.constantFrom('start' as const, 'dev' as const),
    tty: fc.boolean(),
  },
  { noNullPrototype: true },
)

describe('the quick way to a configuration', () => {
  it('gives what the schema gives, or leaves it to the schema', () => {
    let quickCount = 0
    fc.assert(
      fc.property(requests, request => {
        const quick = quickConfig(request)
        if (!quick) return
        quickCount++
        const full: LoadedConfig = resolveConfig(request, undefined, undefined)
        assert.deepEqual(plain(quick), plain(full))
      }),
      { numRuns: 500 },
    )
    assert.ok(quickCount > 100, `It was quick ${quickCount} times only.`)
  })

  it('is taken for every start without a file that has nothing unusual', () => {
    const request = { cwd: folder, env: { PATH: '/bin' }, mode: 'start' } as const
    assert.ok(quickConfig({ ...request, flags: { app: 'app.ts' } }))
    assert.ok(quickConfig({ ...request, flags: { app: 'app.ts', workers: '4', bind: [':8000'], name: 'shop' } }))
    assert.ok(quickConfig({ ...request, env: { PORT: '80', SAOLA_WORKER: '{}' }, flags: { app: 'app.ts' } }))
  })
})

/** Without what has no value: the one way has such keys, the other has not. */
function plain({ config, origins, warnings }: LoadedConfig): unknown {
  return JSON.parse(JSON.stringify({ config, origins: [...origins].sort(), warnings }))
}
