/** Hop-by-hop abuse: what belongs to one connection ends there, and takes nothing else with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { hopByHopCases } from './support/hop-by-hop-fields.ts'

test('headers of one hop go no further, in every view of them, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t)
  await forEachCase(protocols, hopByHopCases, async (protocol, [sent = [], result = [], http2 = result]) => {
    const { status, seen } = await protocol.ask({ headers: sent })
    const expected = protocol.isHttp2 ? http2 : result
    const name = `${protocol.name}: ${JSON.stringify(sent)}`
    if (expected === 'reset') {
      assert.equal(status, 'reset', name)
      return
    }
    const written = ([field, value]: readonly [string, string]) => [
      protocol.isHttp2 ? field.toLowerCase() : field,
      value,
    ]
    assert.deepEqual(seen?.rawHeaders, [['Host', 'localhost'] as const, ...expected].flatMap(written), name)
    const names = [...new Set(['host', ...expected.map(([field]) => field.toLowerCase())])].sort()
    assert.deepEqual(Object.keys(seen?.headers ?? {}).sort(), names, name)
    assert.deepEqual(Object.keys(seen?.distinct ?? {}).sort(), names, name)
    if (names.includes('cookie') && names.includes('x')) {
      assert.deepEqual([seen?.headers.x, seen?.headers.cookie], ['1, 2', 'a=1; b=2'], name)
    }
  })
})
