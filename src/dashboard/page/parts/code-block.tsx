import { cutText, visibleLines } from '../visible-text.ts'
import { CopyButton } from './copy-button.tsx'

interface CodeBlockProps {
  /** What it is, for who cannot see it. */
  readonly label: string
  readonly text: string
  /** More is cut, and said to be. */
  readonly charactersMax?: number
  readonly isWrapped?: boolean
}

/** Text of several lines as it is, to be scrolled and copied. */
export function CodeBlock({ label, text, charactersMax = 100_000, isWrapped }: CodeBlockProps) {
  return (
    <div class="code-block">
      {/* biome-ignore lint/a11y/useSemanticElements: a section would lose the spaces. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keys. */}
      <pre class={isWrapped ? 'wrapped' : ''} tabIndex={0} role="region" aria-label={label} dir="auto">
        {visibleLines(cutText(text, charactersMax))}
      </pre>
      <CopyButton text={text} what={label} />
    </div>
  )
}
