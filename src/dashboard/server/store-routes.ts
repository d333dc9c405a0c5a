import { ServerError } from '../../base/errors.ts'
import type { StoreInputs, TopicMessage } from '../api.ts'
import type { DashboardContext } from './context.ts'
import { booleanIn, optionalTextIn, textIn, wholeOrNullIn } from './input.ts'
import type { StorePort } from './ports.ts'
import type { ApiRequest, Route } from './route.ts'
import { TopicStream } from './topic-stream.ts'

/** Of a name of 64 KiB, as base64. The key without a name is one, too. */
const idRule = { lengthMax: 90 * 1024, mayBeEmpty: true }
const nameRule = { lengthMax: 64 * 1024, mayBeEmpty: true }
const valueRule = { lengthMax: 2 * 1024 ** 2, mayBeEmpty: true }

/** The shared store. */
export const storeRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/store', handle: (_, { store }) => store.view() },
  { method: 'GET', path: '/api/store/keys', handle: (request, { store }) => keys(request, store) },
  { method: 'GET', path: '/api/store/key', handle: (request, { store }) => key(request, store) },
  { method: 'GET', path: '/api/store/topics', handle: topics },
  change('set', ({ body }, store) => store.set(setIn(body))),
  change('delete', ({ body }, store) => store.delete(deleteIn(body))),
  change('expire', ({ body }, store) =>
    store.expire({ id: textIn(body, 'id', idRule), ttlMs: wholeOrNullIn(body, 'ttlMs') }),
  ),
]

function change(name: keyof StoreInputs, act: (request: ApiRequest, store: StorePort) => Promise<void>): Route {
  return {
    method: 'POST',
    path: `/api/store/${name}`,
    changes: true,
    target: ({ id }) => (typeof id === 'string' ? Buffer.from(id.slice(0, 400), 'base64url').toString() : undefined),
    handle: async (request, { store }) => {
      await act(request, store)
      return {}
    },
  }
}

function keys({ query }: ApiRequest, store: StorePort) {
  const input = Object.fromEntries(query)
  return store.keys({
    prefix: optionalTextIn(input, 'prefix', nameRule) ?? '',
    after: optionalTextIn(input, 'after', idRule),
  })
}

async function key({ query }: ApiRequest, store: StorePort) {
  const input = Object.fromEntries(query)
  const id = textIn(input, 'id', idRule)
  const found = await store.key({ id, after: optionalTextIn(input, 'after', idRule) })
  if (found) return found
  throw new ServerError('ERR_STORE_KEY_ABSENT', 'There is no such key in the store, or not any more.')
}

async function topics(request: ApiRequest, { store, streams }: DashboardContext): Promise<undefined> {
  const pattern = textIn(Object.fromEntries(request.query), 'pattern', { lengthMax: 1024 })
  let hear: ((message: TopicMessage) => void) | undefined
  let miss: (() => void) | undefined
  // Before the answer begins: that it cannot be listened to is an error like others.
  const end = await store.listen(
    pattern,
    message => hear?.(message),
    () => miss?.(),
  )
  try {
    const topicStream = new TopicStream(streams.open(request), end)
    hear = message => topicStream.hear(message)
    miss = () => topicStream.miss()
  } catch (error) {
    end()
    throw error
  }
}

function setIn(body: ApiRequest['body']): StoreInputs['set'] {
  return { ...deleteIn(body), value: textIn(body, 'value', valueRule), asText: booleanIn(body, 'asText') }
}

function deleteIn(body: ApiRequest['body']): StoreInputs['delete'] {
  const field = optionalTextIn(body, 'field', nameRule)
  const fieldId = optionalTextIn(body, 'fieldId', idRule)
  const was = optionalTextIn(body, 'was', valueRule)
  return {
    id: textIn(body, 'id', idRule),
    ...(field !== undefined && { field }),
    ...(fieldId !== undefined && { fieldId }),
    ...(was !== undefined && { was }),
  }
}
