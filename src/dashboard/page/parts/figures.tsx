import type { ComponentChildren } from 'preact'
import { memo } from '../memo.ts'

interface FigureProps {
  readonly label: string
  readonly value: string
  /** Below it, in small. */
  readonly note?: string
  readonly tone?: 'warn' | 'bad' | undefined
}

/** One number that counts, with its name. Numbers of one row stand in `Figures`. */
export const Figure = memo(function Figure({ label, value, note, tone }: FigureProps) {
  return (
    <div class={`figure ${tone ? `figure-${tone}` : ''}`}>
      <dt>{label}</dt>
      <dd>
        {value}
        {note !== undefined && <span class="figure-note">{note}</span>}
      </dd>
    </div>
  )
})

export function Figures({ children }: { readonly children: ComponentChildren }) {
  return <dl class="figures">{children}</dl>
}

interface ShareProps {
  /** From 0 to 1. */
  readonly share: number
  readonly text: string
}

/** A part of a whole, as a bar and as a number. */
export const Share = memo(function Share({ share, text }: ShareProps) {
  return (
    <span class="share">
      <span class="share-bar" aria-hidden="true">
        <span style={{ width: `${Math.round(Math.min(Math.max(share, 0), 1) * 100)}%` }} />
      </span>
      <span class="share-text">{text}</span>
    </span>
  )
})
