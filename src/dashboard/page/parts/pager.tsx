import type { Pages } from '../use-pages.ts'
import { Button } from './button.tsx'

interface PagerProps {
  /** What is gone through, for who cannot see it: `keys`. */
  readonly what: string
  readonly pages: Pages
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined
}

/** One page back, one on. Left out where there is only one. */
export function Pager({ what, pages, next }: PagerProps) {
  if (pages.number === 1 && next === undefined) return null
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <Button
        label={`Previous page of ${what}`}
        disabledReason={pages.number === 1 ? 'This is the first page.' : undefined}
        onClick={pages.goBack}
      >
        Previous
      </Button>
      <span class="faint" aria-live="polite">
        Page {pages.number}
      </span>
      <Button
        label={`Next page of ${what}`}
        disabledReason={next === undefined ? 'This is the last page.' : undefined}
        onClick={() => next !== undefined && pages.goOn(next)}
      >
        Next
      </Button>
    </nav>
  )
}
