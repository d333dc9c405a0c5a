import assert from 'node:assert/strict'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import type { EdgeRequest } from '../edge/edge-request.ts'
import { currentContext, followRequests } from '../tasks/request-context.ts'
import { applicationOn } from './edge-application.ts'

/** What an application behind an edge sees of the request it is given. */
async function seen(headers: Record<string, string>): Promise<unknown> {
  const answered = Promise.withResolvers<unknown>()
  const server = createServer(() => setImmediate(() => answered.resolve(currentContext())))
  const req = Object.assign(new IncomingMessage(new Socket()), { headers })
  const request = { req, res: new ServerResponse(req), expectsContinue: false, upgrade: undefined }
  applicationOn(server).handle(request as unknown as EdgeRequest)
  return answered.promise
}

test('behind an edge a request is known to what the application enqueues, once it uses tasks', async () => {
  assert.equal(await seen({ 'x-request-id': 'r1' }), undefined)
  followRequests()
  assert.deepEqual(await seen({ 'x-request-id': 'r1' }), { requestId: 'r1' })
  assert.equal(await seen({}), undefined)
})
