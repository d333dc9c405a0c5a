import { tell } from '../toasts.ts'
import { Button } from './button.tsx'

interface CopyButtonProps {
  /** A function where it is long, and made only when it is asked for. */
  readonly text: string | (() => string)
  /** `Stack of web:1` */
  readonly what: string
}

export function CopyButton({ text, what }: CopyButtonProps) {
  const copy = async () => {
    await copyText(typeof text === 'string' ? text : text())
    tell(`${what} is in the clipboard.`)
  }
  return (
    <Button kind="plain" label={`Copy: ${what}`} onClick={copy}>
      Copy
    </Button>
  )
}

async function copyText(text: string): Promise<void> {
  // Without TLS, a browser has a clipboard only for the machine itself.
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = document.createElement('textarea')
  field.value = text
  document.body.append(field)
  field.select()
  const isDone = document.execCommand('copy')
  field.remove()
  if (!isDone) throw new Error('This browser does not let the page copy. Select the text and copy it by hand.')
}
