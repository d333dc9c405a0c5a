import { test } from 'node:test'
import * as clients from './support/clients.ts'
import { startTree } from './support/tree.ts'
const app = `
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
const server = createServer((q, s) => {
  const u = new URL(q.url, 'http://x')
  if (u.pathname === '/slow') return setTimeout(() => s.end('slow'), Number(u.searchParams.get('ms')))
  if (u.pathname === '/upload') { let n = 0; q.on('data', d => n += d.length).on('end', () => s.end(String(n))); return }
  s.end('hello')
})
new WebSocketServer({ server }).on('connection', ws => ws.on('message', m => ws.send(String(m))))
server.listen(3000)
`
for (const name of ['newConnectionClient', 'keepAliveClient', 'pipelineClient', 'slowClient', 'uploadClient', 'webSocketClient', 'unixClient'] as const) {
  test(name, async t => {
    const tree = await startTree(t, { files: { 'app.ts': app }, packages: ['ws'], args: ['-b', '127.0.0.1:0', '-b', 'unix:./web.sock', '-w', '2'] })
    const target = name === 'unixClient' ? `${tree.dir}/web.sock` : tree.url
    const client = (clients[name] as any)(t, target, { lanes: 4 }).start()
    for (let i = 0; i < 2; i++) {
      await client.answered(name === 'slowClient' ? 4 : 20)
      const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length, timeoutMs: 60000 })
      tree.signal('SIGHUP')
      await done
    }
    await client.answered(4)
    console.log(name, JSON.stringify(await client.stop()))
    console.log('stop', await tree.stop(), tree.processIds())
  })
}
