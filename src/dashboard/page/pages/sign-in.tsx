import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { SignInInput } from '../../api.ts'
import type { ApiError } from '../api-client.ts'
import { Mark } from '../parts/mark.tsx'
import { signIn } from '../session.ts'
import { visibleLines } from '../visible-text.ts'

interface SignInProps {
  readonly error: ApiError | undefined
  /** One can sign in with a name and a password, too. */
  readonly hasUsers: boolean
}

/** Asks for the token of a printed address, or for a name and a password. */
export function SignInPage({ error, hasUsers }: SignInProps) {
  return (
    <main class="lone">
      <div class="sign-in">
        <Mark />
        <h1>Sign in to Saola</h1>
        {hasUsers && <UserForm />}
        {hasUsers && <p>Or with an address made for you:</p>}
        <TokenForm isFirst={!hasUsers} />
        <div role="alert">{error && <p class="sign-in-error">{visibleLines(error.message)}</p>}</div>
      </div>
    </main>
  )
}

function UserForm() {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const input = user === '' || password === '' ? undefined : { user, password }
  return (
    <Form input={input} kind="main" submit="Sign in">
      <label for="user">Name</label>
      <input id="user" autocomplete="username" value={user} onInput={event => setUser(event.currentTarget.value)} />
      <label for="password">Password</label>
      <input
        id="password"
        type="password"
        autocomplete="current-password"
        value={password}
        onInput={event => setPassword(event.currentTarget.value)}
      />
    </Form>
  )
}

function TokenForm({ isFirst }: { readonly isFirst: boolean }) {
  const [text, setText] = useState('')
  // Who copies the whole address means what is in it.
  const token = text.trim().replace(/^.*#token=/, '')
  return (
    <Form
      input={token === '' ? undefined : { token }}
      kind={isFirst ? 'main' : 'normal'}
      submit={isFirst ? 'Sign in' : 'Use this token'}
    >
      <label for="token">Token</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        value={text}
        aria-describedby="token-help"
        onInput={event => setText(event.currentTarget.value)}
      />
      <p id="token-help">
        On the machine of the tree, <code>saola dashboard</code> prints an address that signs you in. It is good for one
        use, and for a short time.
      </p>
    </Form>
  )
}

interface FormProps {
  /** Undefined as long as something is missing. */
  readonly input: SignInInput | undefined
  readonly kind: 'main' | 'normal'
  readonly submit: string
  readonly children: ComponentChildren
}

function Form({ input, kind, submit, children }: FormProps) {
  const [isBusy, setBusy] = useState(false)
  const send = async (event: Event) => {
    event.preventDefault()
    if (!input || isBusy) return
    setBusy(true)
    await signIn(input)
    setBusy(false)
  }
  return (
    <form onSubmit={send}>
      {children}
      <button type="submit" class={`button button-${kind}`} aria-busy={isBusy ? 'true' : undefined}>
        {submit}
      </button>
    </form>
  )
}
