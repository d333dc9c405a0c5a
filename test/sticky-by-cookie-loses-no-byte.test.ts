import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { HttpConnection } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

const app = `
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
createServer(async (request, response) => {
  const hash = createHash('sha256')
  for await (const chunk of request) hash.update(chunk)
  response.end(hash.digest('hex'))
}).listen(3000)
`
const clients = 20
const pieces = 200

test('the supervisor reads the head for its cookie, and not one byte of what follows is lost', async t => {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, balance: 'sticky', sticky: { by: 'cookie' } }
  const tree = await startTree(t, {
    files: { 'app.mjs': app },
    config: { apps: { web: { ...web, accessLog: false } } },
  })
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const body = randomBytes(pieces * 97)
      const connection = await HttpConnection.open(tree.url)
      t.after(() => connection.close())
      connection.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n`)
      await turn()
      connection.send('Connection: close\r\n\r\n')
      // While the connection changes hands.
      for (let piece = 0; piece < pieces; piece++) {
        connection.send(body.subarray(piece * 97, (piece + 1) * 97))
        await turn()
      }
      assert.equal(String((await connection.receive()).body), createHash('sha256').update(body).digest('hex'))
    }),
  )
})
