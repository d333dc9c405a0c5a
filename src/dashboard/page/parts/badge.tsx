import type { ComponentChildren } from 'preact'
import type { ChildView } from '../../api.ts'
import { stateWord } from '../live-state.ts'

/** What is as it should be is quiet; only what needs a look has a colour. */
export type Tone = 'good' | 'quiet' | 'busy' | 'warn' | 'bad'

interface BadgeProps {
  readonly tone: Tone
  readonly title?: string
  readonly children: ComponentChildren
}

/** A state in a word. Its mark has a form of its own for each tone: colours alone tell nothing to many people. */
export function Badge({ tone, title, children }: BadgeProps) {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      <span>{children}</span>
    </span>
  )
}

/** The state of a child, in Supervisor's words, and in two of ours. */
export function StateBadge({ child }: { readonly child: Pick<ChildView, 'state' | 'silentSince' | 'waitsFor'> }) {
  const word = stateWord(child)
  const title = word === 'silent' ? 'No sign of life for longer than usual: it may be blocked.' : child.waitsFor
  return (
    <Badge tone={tones[word] ?? 'quiet'} {...(title !== undefined && { title })}>
      {word}
    </Badge>
  )
}

const tones: Readonly<Record<string, Tone>> = {
  running: 'good',
  silent: 'warn',
  starting: 'busy',
  draining: 'busy',
  backoff: 'warn',
  exited: 'quiet',
  stopped: 'quiet',
  fatal: 'bad',
}
