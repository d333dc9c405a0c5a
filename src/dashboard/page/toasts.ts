/** What has become of the things that were done: shown for a while, errors until they are closed. */
import { asApiError } from './api-client.ts'
import { observable } from './observable.ts'

export interface Toast {
  readonly id: number
  readonly tone: 'good' | 'bad'
  readonly text: string
  readonly details: readonly string[]
}

const shownMs = 7_000
const toastsMax = 4

export const toasts = observable<readonly Toast[]>([])

let last = 0

/** What has been done: `web:1 is replaced.` */
export function tell(text: string, details: readonly string[] = []): void {
  const id = add({ tone: 'good', text, details })
  setTimeout(() => closeToast(id), shownMs)
}

export function tellError(thrown: unknown): void {
  const { message, problems } = asApiError(thrown)
  add({ tone: 'bad', text: message, details: problems.filter(problem => problem !== message) })
}

export function closeToast(id: number): void {
  toasts.set(toasts.get().filter(toast => toast.id !== id))
}

function add(toast: Omit<Toast, 'id'>): number {
  const id = ++last
  toasts.set([...toasts.get(), { ...toast, id }].slice(-toastsMax))
  return id
}
