import { cutText, visibleText } from '../visible-text.ts'

interface TextProps {
  /** Of anybody: a key, a path, a line. */
  readonly value: string
  /** In the type of identifiers. */
  readonly isCode?: boolean
  readonly charactersMax?: number
  readonly class?: string
}

/** Text of strangers on one line: isolated from the direction of what stands around it, with what is hidden in it shown. */
export function Text({ value, isCode, charactersMax = 2_000, class: name }: TextProps) {
  return <bdi class={`text ${isCode ? 'code' : ''} ${name ?? ''}`}>{visibleText(cutText(value, charactersMax))}</bdi>
}
