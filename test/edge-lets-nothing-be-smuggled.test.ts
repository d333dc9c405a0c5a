/** Smuggling and desync: where a request ends is beyond doubt, or its connection ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { body, framingCases } from './support/odd-framings.ts'
import { ask, exchange, requestText, seen, startEcho } from './support/odd-requests.ts'

/** Must never be answered when it stands behind a request of the table, in the place of its body. */
const behind = requestText({ target: '/smuggled' })

test('a doubtful framing is refused, and nothing behind it is read as a request', async t => {
  const { tree, protocols } = await startOnEveryProtocol(t)
  const http1 = protocols.filter(({ isHttp2 }) => !isHttp2)
  await forEachCase(http1, framingCases, async ({ name: protocol, url }, [request, status]) => {
    const name = `${protocol}: ${JSON.stringify(request).slice(0, 200)}`
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST')
    const sent = requestText({ ...request, method }) + behind
    const { responses, isClosed } = await exchange(url, sent, { count: 2 })
    const [first, second] = responses
    assert.ok([status].flat().includes(first?.status ?? 0), `${name} got ${first?.status}`)
    // One whose end is known may be followed by another.
    if (request.body !== undefined || status === 501 || status === 505) {
      assert.equal(responses.length, 1, `${name} was followed by ${second?.body}`)
      assert.equal(isClosed, true, name)
    }
    assert.doesNotMatch(String(first?.body), /hello|folded|evil|yyy/, name)
  })
  const http2 = protocols.filter(({ isHttp2 }) => isHttp2)
  await forEachCase(http2, framingCases, async (protocol, [request, status, expected = status]) => {
    if (expected === null) return
    const name = `${protocol.name}: ${JSON.stringify(request).slice(0, 200)}`
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST')
    const answer = await protocol.ask({ ...request, method })
    assert.equal(answer.status, expected, name)
    // What is left of a request with a field that is not valid is what would have come without it.
    const without = request.body === undefined ? host : [...host, 'transfer-encoding', 'chunked']
    if (answer.seen) assert.deepEqual([answer.seen.rawHeaders, answer.seen.body], [without, request.body ?? ''], name)
  })
  for (const { ask } of protocols) assert.equal((await ask({})).status, 200)
  assert.deepEqual([tree.events('worker.exited'), tree.events('edge.failed')], [[], []])
})

const host = ['host', 'localhost']

test('what stands behind a request, in front of it and in it', async t => {
  const tree = await startEcho(t)

  await t.test('an unusual method passes, with the body that it has', async () => {
    for (const method of ['PROPFIND', 'REPORT', 'PURGE', 'QUERY', 'DELETE', 'GET', 'OPTIONS']) {
      const { seen } = await ask(tree.url, { method, headers: [['Transfer-Encoding', 'Chunked']], body })
      assert.deepEqual([seen?.method, seen?.body], [method, 'hello'])
    }
  })

  await t.test('with the header fields that are allowed nothing is lost', async () => {
    const headers = Array.from({ length: 127 }, (_, index) => [`X-${index}`, `${index}`] as const)
    const { seen } = await ask(tree.url, { headers })
    assert.equal(seen?.rawHeaders.length, 256)
    assert.equal(seen?.headers['x-126'], '126')
  })

  await t.test('an early answer ends the connection, so that the rest of the body is no request', async () => {
    // The client has announced a body of which a part only has come.
    const early = requestText({ method: 'POST', target: '/a%2fb', headers: [['Content-Length', '1000']], body: behind })
    const { responses, isClosed } = await exchange(tree.url, early)
    assert.deepEqual([responses.map(({ status }) => status), isClosed], [[400], true])
  })

  await t.test('requests before a broken one get their answers, in their order', async () => {
    const { responses, isClosed } = await exchange(
      tree.url,
      `${requestText({ target: '/1' })}${requestText({ target: '/2' })}\0\r\n\r\n`,
    )
    assert.deepEqual([responses.map(({ status }) => status), isClosed], [[200, 200, 400], true])
    assert.deepEqual(
      responses.slice(0, 2).map(response => seen(response).url),
      ['/1', '/2'],
    )
  })

  await t.test('a tunnel behind a request that is not answered yet harms nobody', async () => {
    const tunnel = requestText({ method: 'CONNECT', target: 'a:1' })
    await exchange(tree.url, requestText({}) + tunnel)
    assert.equal((await ask(tree.url, {})).status, 200)
    assert.equal(tree.events('worker.exited').length, 0)
  })

  await t.test('what follows `Connection: close` is never answered, and what precedes it is', async () => {
    const last = requestText({ target: '/last', headers: [['Connection', 'close']] })
    const { responses, isClosed } = await exchange(tree.url, last + behind)
    assert.deepEqual([responses.map(response => seen(response).url), isClosed], [['/last'], true])
  })
})
