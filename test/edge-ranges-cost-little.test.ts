/** Range DoS: whatever ranges a client asks for, it gets no more than the file, and soon. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachCase, protocolsOf } from './support/every-protocol.ts'
import { startTree } from './support/tree.ts'

const fileBytes = 20_000
const partsMax = 5
/** Of the head of a part (RFC 9110, 14.6). */
const partHeadBytesMax = 200

const many = (count: number, range: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => range(index))

/** Value of Range → statuses of which the answer has one. */
const ranges: readonly (readonly [value: string, statuses: readonly number[]])[] = [
  ['bytes=0-0', [206]],
  ['bytes=-1', [206]],
  ['bytes=19999-', [206]],
  ['bytes=0-', [206]],
  ['bytes=0-99999999999999999999999999999999', [206, 200, 416]],
  ['bytes=9-2', [200, 416]],
  ['bytes=-0', [200, 416]],
  ['bytes=20000-', [416]],
  ['bytes=99999999999999999999-', [200, 416]],
  ['bytes=', [200, 416]],
  ['bytes=-', [200, 416]],
  ['bytes=a-b', [200, 416]],
  ['bytes=0x0-0x9', [200, 416]],
  ['bytes=+1-2', [200, 416]],
  ['bytes=1.5-2', [200, 416]],
  ['bytes=0-1,', [200, 206, 416]],
  ['items=0-1', [200]],
  ['bytes', [200]],
  ['bytes=0-1,4-5', [206]],
  // CVE-2011-3192: each range is a part of its own, and all of them the whole file.
  [`bytes=${many(1_300, () => '0-').join()}`, [200, 416]],
  [`bytes=${many(1_000, index => `5-${index}`).join()}`, [200, 416]],
  [`bytes=${many(1_000, index => `${index * 2}-${index * 2}`).join()}`, [200, 416]],
  [`bytes=${many(1_000, () => '-1').join()}`, [200, 416]],
  [`bytes=${many(7_000, () => '').join()}`, [200, 416]],
  [`bytes=0-1${' '.repeat(12_000)},4-5`, [200, 206, 416]],
  ['bytes=0-9999,0-9999,0-9999', [200]],
  [`bytes=${'9'.repeat(12_000)}-`, [200, 416]],
]

test('ranges cost no more than the file, over every protocol', async t => {
  const tree = await startTree(t, {
    files: { 'files/large.bin': 'x'.repeat(fileBytes) },
    config: `
    const web = { listen: '127.0.0.1:0', workers: 1, edge: { static: { '/': import.meta.dirname + '/files' } } }
    export default { apps: { plain: web, secure: { ...web, tls: 'self-signed' } } }`,
  })
  const protocols = await protocolsOf(t, tree)
  await forEachCase(protocols, ranges, async ({ name, ask }, [value, statuses]) => {
    const conditions = [undefined, '"no"', 'W/"x"', 'Thu, 01 Jan 1970 00:00:00 GMT', '"'.repeat(3_000)]
    for (const condition of conditions) {
      const fields = condition === undefined ? [] : [['If-Range', condition] as const]
      const { status, body } = await ask({ target: '/large.bin', headers: [['Range', value], ...fields] })
      const text = `${name}: ${value.slice(0, 60)} if ${condition?.slice(0, 40)} got ${status}, ${body.length} bytes`
      // A condition that does not hold makes it an ordinary GET (RFC 9110, 13.1.5).
      const expected = condition === undefined ? statuses : [200, ...(statuses.includes(416) ? [416] : [])]
      assert.ok(expected.includes(Number(status)), text)
      assert.ok(body.length <= fileBytes + partsMax * partHeadBytesMax, text)
    }
  })
  assert.deepEqual(tree.events('worker.exited'), [])
})
