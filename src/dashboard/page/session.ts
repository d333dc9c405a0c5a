/** Who is signed in, and how one does so. */
import type { SessionView, SignInInput } from '../api.ts'
import { type ApiError, asApiError, get, onSignedOut, post, remove } from './api-client.ts'
import { observable } from './observable.ts'
import { tellError } from './toasts.ts'
import { useObserved } from './use-observed.ts'

export type Session =
  | { readonly state: 'asking' }
  | {
      readonly state: 'out'
      /** Why it was refused; undefined before the first attempt. */
      readonly error: ApiError | undefined
      /** One can sign in with a name and a password, too. */
      readonly hasUsers: boolean
    }
  | { readonly state: 'unreachable'; readonly error: ApiError }
  | { readonly state: 'in'; readonly view: SessionView }

export const session = observable<Session>({ state: 'asking' })

/** As the latest 401 has it: no other answer tells. */
let hasUsers = false

/** Signs in with a token in the address, if there is one, and looks who is signed in. Takes the token out before it returns. */
export async function beginSession(): Promise<void> {
  onSignedOut(refusal => {
    hasUsers = refusal.hasUsers
    if (session.get().state !== 'out') session.set({ state: 'out', error: undefined, hasUsers })
  })
  // An address that is pasted into a page that is open loads nothing.
  addEventListener('hashchange', () => {
    const token = takeToken()
    if (token !== undefined) void signInAnew(token)
  })
  const token = takeToken()
  await (token === undefined ? lookAtSession() : signIn({ token }))
}

/** With a token that is no good, who was signed in still is. */
async function signInAnew(token: string): Promise<void> {
  const wasIn = session.get().state === 'in'
  if ((await signIn({ token })) || !wasIn) return
  const failed = session.get()
  await lookAtSession()
  if (session.get().state === 'in' && 'error' in failed) tellError(failed.error)
}

/** True: one is signed in now. */
export async function signIn(input: SignInInput): Promise<boolean> {
  try {
    const view = await post<SessionView>('/api/session', input)
    session.set({ state: 'in', view })
    return true
  } catch (thrown) {
    const error = asApiError(thrown)
    session.set(error.status === 0 ? { state: 'unreachable', error } : { state: 'out', error, hasUsers })
    return false
  }
}

export async function lookAtSession(): Promise<void> {
  try {
    session.set({ state: 'in', view: await get<SessionView>('/api/session') })
  } catch (thrown) {
    const error = asApiError(thrown)
    session.set(error.status === 401 ? { state: 'out', error: undefined, hasUsers } : { state: 'unreachable', error })
  }
}

/** @throws {ApiError} one is still signed in. */
export async function signOut(): Promise<void> {
  try {
    await remove('/api/session')
  } catch (thrown) {
    if (asApiError(thrown).status !== 401) throw thrown
  }
  // What it answers is that nobody is signed in, and how one can.
  await lookAtSession()
}

/** Why nothing may be changed; undefined when it may. */
export function useReadOnlyReason(): string | undefined {
  return useObserved(session, current =>
    current.state === 'in' && current.view.isReadOnly ? 'This dashboard is read-only (dashboard.readOnly).' : undefined,
  )
}

/** The token of `#token=…`, which must not stay in the address: it would be in the history, and on every screenshot. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return undefined
  history.replaceState(null, '', `${location.pathname}${location.search}`)
  return token
}
