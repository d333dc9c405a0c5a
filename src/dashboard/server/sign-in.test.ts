import assert from 'node:assert/strict'
import { randomBytes, scryptSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { http } from '../../base/node-http.ts'
import { SignIn } from './sign-in.ts'

const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
const salt = randomBytes(16)
const ann = `scrypt$ln=4,r=1,p=1$${text(salt)}$${text(scryptSync('right', salt, 32, { N: 16, r: 1, p: 1 }))}`

function open(options: { controlSocket?: string; onSignOut?: (session: string) => void; log?: string[] } = {}) {
  const { controlSocket = '/nowhere', onSignOut = () => {}, log = [] } = options
  return new SignIn({
    ...{
      secret: 'secret',
      users: { ann },
      sessionMs: 1_000_000,
      signedOut: [],
      hasTls: false,
      controlSocket,
      onSignOut,
    },
    audit: { signedIn: () => {}, signedOut: () => log.push('signed out'), refused: () => {} },
  })
}

function requestOf(headers: Readonly<Record<string, string>>, address = '10.0.0.1'): IncomingMessage {
  return { headers, socket: { remoteAddress: address } } as unknown as IncomingMessage
}

function ask(signIn: SignIn, password: string, address?: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`
  return signIn.who(requestOf({ authorization }, address)).then(
    ({ user }) => user,
    ({ status }) => status,
  )
}

/** A control socket that answers what a test says, and notes what it was asked. */
async function supervisor(t: TestContext, answer: (path: string) => object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'saola-sign-in-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'control.sock')
  const server = http.createServer((req, res) => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify(answer(req.url ?? '')))
  })
  await once(server.listen(path), 'listening')
  t.after(() => server.close(() => {}).closeAllConnections())
  return path
}

test('many requests at once with the right password count as none that was wrong', async () => {
  const signIn = open()
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(signIn, 'right')))
  assert.deepEqual([...new Set(answers)], ['ann'])
})

test('many requests at once with wrong ones are bounded, each by its client', async () => {
  const signIn = open()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(signIn, `wrong ${index}`)))
  assert.deepEqual([answers.filter(status => status === 401).length, answers.indexOf(429)], [10, 10])
  assert.equal(await ask(signIn, 'right'), 429)
  assert.equal(await ask(signIn, 'right', '10.0.0.2'), 'ann')
})

test('a password that nobody had time to look at was no wrong one', async () => {
  const signIn = open()
  const other = (index: number) => ask(signIn, `wrong ${index}`, `10.1.${index}.1`)
  const others = Array.from({ length: 66 }, (_, index) => other(index))
  const busy = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(signIn, `wrong ${index}`)))
  assert.deepEqual([...new Set(busy)], [503])
  await Promise.all(others)
  assert.equal(await ask(signIn, 'right'), 'ann')
})

test('who signs out is told to the supervisor before it is written down that he has', async t => {
  const log: string[] = []
  const ended: string[] = []
  const controlSocket = await supervisor(t, path => {
    log.push(path.replace(/^.*\/dashboard/, '/dashboard'))
    return {}
  })
  const signIn = open({ controlSocket, log, onSignOut: session => ended.push(session) })
  const headers = new Map<string, unknown>()
  const res = { setHeader: (name: string, value: unknown) => headers.set(name, value) } as unknown as ServerResponse
  await signIn.signIn(requestOf({}), res, { user: 'ann', password: 'right' })
  const req = requestOf({ cookie: String(headers.get('set-cookie')).split(';')[0] ?? '' })
  const { session } = await signIn.who(req)
  await signIn.signOut(req, res)
  assert.deepEqual(log, ['/dashboard/sign-out', 'signed out'])
  assert.deepEqual(ended, [session?.id])
  await assert.rejects(signIn.who(req), { status: 401 })
})

test('a session that was ended at another process of the dashboard is ended here', async t => {
  const ended = Promise.withResolvers<string>()
  const controlSocket = await supervisor(t, () => ({ sessions: ['other'] }))
  const signIn = open({ controlSocket, onSignOut: ended.resolve })
  t.after(() => signIn.close())
  signIn.start()
  assert.equal(await ended.promise, 'other')
})
