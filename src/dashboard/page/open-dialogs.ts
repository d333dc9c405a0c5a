/** Which dialogs are open: all below the topmost is out of reach, for eyes, keys and screen readers alike. */
import { observable } from './observable.ts'
import { useObserved } from './use-observed.ts'

/** The topmost is the last. */
const open = observable<readonly string[]>([])

/** Returns how to say that it is closed. */
export function enterDialog(id: string): () => void {
  open.set([...open.get(), id])
  return () => open.set(open.get().filter(other => other !== id))
}

/** Whether nothing is above this dialog; without an `id`, above the page. */
export function useIsTopmost(id: string | undefined): boolean {
  return useObserved(open, ids => ids.at(-1) === id)
}
