import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginSession, session, signIn, signOut } from './session.ts'
import { toasts } from './toasts.ts'

const view = { tree: 'shop', version: '1', node: '24', user: 'token', isReadOnly: false, hasTasks: false }
const refusal = (status: number, more: object = {}) =>
  Response.json({ error: { code: `HTTP_${status}`, message: `no ${status}`, problems: [] }, ...more }, { status })

/** A page of a browser, as far as a session needs one. */
function openPage(hash: string) {
  const page = new EventTarget()
  const asked: string[] = []
  let answers: readonly Response[] = []
  const place = { hash, pathname: '/', search: '' }
  Object.assign(globalThis, {
    location: place,
    history: { replaceState: () => Object.assign(place, { hash: '' }) },
    addEventListener: page.addEventListener.bind(page),
    fetch: async (path: string, { method, body }: { method: string; body: string | null }) => {
      asked.push(`${method} ${path}${body ? ` ${body}` : ''}`)
      const [answer = refusal(401, { hasUsers: true }), ...rest] = answers
      answers = rest
      return answer
    },
  })
  return {
    asked,
    place,
    answer: (...next: readonly Response[]) => {
      answers = next
    },
    paste: (text: string) => {
      place.hash = text
      page.dispatchEvent(new Event('hashchange'))
    },
  }
}

/** Until it is changed. */
function changed({ follow }: Pick<typeof toasts, 'follow'>): Promise<void> {
  return new Promise(resolve => {
    const end = follow(() => {
      end()
      resolve()
    })
  })
}

test('a token in the address signs in, and is gone from it at once, also in a page that is open', async () => {
  const page = openPage('#token=first')
  page.answer(Response.json(view))
  const begun = beginSession()
  assert.equal(page.place.hash, '')
  await begun
  assert.equal(session.get().state, 'in')

  page.answer(Response.json({ ...view, user: 'next' }))
  page.paste('#token=second')
  assert.equal(page.place.hash, '')
  await changed(session)
  assert.deepEqual(session.get(), { state: 'in', view: { ...view, user: 'next' } })
  assert.deepEqual(page.asked, ['POST api/session {"token":"first"}', 'POST api/session {"token":"second"}'])

  page.answer(refusal(401), Response.json(view))
  page.paste('#token=old')
  await changed(toasts)
  assert.deepEqual(session.get(), { state: 'in', view })
  assert.equal(toasts.get().at(-1)?.text, 'no 401')

  page.answer(refusal(503))
  await assert.rejects(signOut, /no 503/)
  assert.equal(session.get().state, 'in', 'a sign-out that has failed is told, and changes nothing')

  await signOut()
  assert.deepEqual(session.get(), { state: 'out', error: undefined, hasUsers: true })
  for (const status of [429, 503]) {
    page.answer(refusal(status))
    await signIn({ user: 'ann', password: 'x' })
    const now = session.get()
    assert.ok(now.state === 'out' && now.hasUsers, `who may have a name still has after ${status}`)
  }
})
