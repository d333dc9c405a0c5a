/** One value of a key: a text, a field of a map, an element of a list. */
import { useId, useState } from 'preact/hooks'
import type { EntryView, KeySummary } from '../../api.ts'
import { type ApiError, asApiError, post } from '../api-client.ts'
import { formatJson } from '../format-json.ts'
import { formatBytes } from '../formats.ts'
import { ActionButton, Button } from '../parts/button.tsx'
import { CodeBlock } from '../parts/code-block.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { useReadOnlyReason } from '../session.ts'
import { tell } from '../toasts.ts'
import { cutText, visibleLines, visibleText } from '../visible-text.ts'

interface EntryProps {
  readonly summary: KeySummary
  readonly entry: EntryView
  onChange(): void
}

const shortMax = 160

export function Entry({ summary, entry, onChange }: EntryProps) {
  const { field, value, encoding, bytes, isCut, expiresAt } = entry
  const [isEditing, setEditing] = useState(false)
  const [isOpen, setOpen] = useState(summary.type === 'string')
  const what = nameOf(summary, entry)
  const target = targetOf(summary, entry)
  const remove = async () => {
    await post('/api/store/delete', { ...target, was: value })
    tell(`${what} is deleted.`)
    onChange()
  }
  const isLong = value.length > shortMax || value.includes('\n')
  const notes = [
    encoding === 'base64' ? 'bytes, as base64' : encoding === 'json' ? 'JSON' : 'text',
    formatBytes(bytes),
    ...(isCut ? ['only its beginning is shown'] : []),
  ]
  return (
    <li class="entry">
      <div class="entry-head">
        {field !== undefined && <Text value={field} isCode charactersMax={300} class="entry-field" />}
        <span class="faint">
          {notes.join(', ')}
          {expiresAt !== undefined && (
            <>
              , ends <RelativeTime at={expiresAt} />
            </>
          )}
        </span>
        <span class="entry-actions">
          {summary.type !== 'set' && (
            <ActionButton label={`Edit ${what}`} disabledReason={reasonAgainst(entry)} onClick={() => setEditing(true)}>
              Edit
            </ActionButton>
          )}
          {summary.type !== 'string' && (
            <ActionButton
              label={`Delete ${what}`}
              disabledReason={isNameless(summary, entry) ? nameless : undefined}
              confirm={{ title: `Delete ${what}?`, text: 'Only this, not the whole key.', yes: 'Delete' }}
              onClick={remove}
            >
              Delete
            </ActionButton>
          )}
        </span>
      </div>
      {isOpen || !isLong ? (
        <CodeBlock label={`Value of ${what}`} text={encoding === 'json' ? formatJson(value) : value} isWrapped />
      ) : (
        <button type="button" class="link entry-short" aria-expanded="false" onClick={() => setOpen(true)}>
          <Text value={value} isCode charactersMax={shortMax} />
        </button>
      )}
      {isEditing && (
        <EditDialog what={what} target={target} entry={entry} onClose={() => setEditing(false)} onChange={onChange} />
      )}
    </li>
  )
}

interface EditProps {
  readonly what: string
  readonly target: Target
  readonly entry: EntryView
  onClose(): void
  onChange(): void
}

function EditDialog({ onClose, onChange, ...now }: EditProps) {
  const id = useId()
  // As it was when it was opened: what is saved must be refused if somebody has changed it since, though that is seen by now.
  const [{ what, target, entry }] = useState(now)
  const [text, setText] = useState(entry.value)
  const [error, setError] = useState<ApiError>()
  const readOnly = useReadOnlyReason()
  const save = async (asText: boolean) => {
    try {
      await post('/api/store/set', { ...target, value: text, was: entry.value, ...(asText && { asText }) })
      tell(`${what} is saved.`)
      onChange()
      onClose()
    } catch (thrown) {
      setError(asApiError(thrown))
    }
  }
  const look = () => {
    onChange()
    onClose()
  }
  return (
    <Dialog
      title={`Edit ${what}`}
      onClose={onClose}
      actions={
        <>
          {error?.code === 'STORE_CONFLICT' && <Button onClick={look}>Look again</Button>}
          {error?.code === 'STORE_VALUE_INVALID' && entry.encoding === 'json' && (
            <Button onClick={() => save(true)}>Save as text</Button>
          )}
          <Button kind="plain" onClick={onClose}>
            Leave it
          </Button>
          <Button
            kind="main"
            disabledReason={readOnly ?? (text === entry.value ? 'Nothing is changed.' : undefined)}
            onClick={() => save(false)}
          >
            Save
          </Button>
        </>
      }
    >
      <label class="unseen" for={id}>
        New value of {what}
      </label>
      <textarea
        id={id}
        class="editor code"
        rows={12}
        spellcheck={false}
        dir="auto"
        value={text}
        onInput={event => setText(event.currentTarget.value)}
      />
      {entry.value.includes('\r') && <p class="faint">Its line ends are CR LF: saved from here they become LF.</p>}
      {error && (
        <p class="editor-error" role="alert">
          {visibleLines(error.message)}
        </p>
      )}
    </Dialog>
  )
}

interface Target {
  readonly id: string
  readonly field?: string
  readonly fieldId?: string
}

function targetOf({ id }: KeySummary, { field, fieldId }: EntryView): Target {
  if (fieldId !== undefined) return { id, fieldId }
  return field === undefined ? { id } : { id, field }
}

function nameOf({ type, name }: KeySummary, { field, value }: EntryView): string {
  const part = type === 'set' ? value : field
  return visibleText(cutText(part ?? name, 80)) || '(empty name)'
}

const nameless = 'Its name is too long to be changed from here.'

function isNameless({ type }: KeySummary, { field = '', fieldId }: EntryView): boolean {
  return fieldId === undefined && (type === 'set' || field.length > 1_000)
}

function reasonAgainst({ isCut, encoding }: EntryView): string | undefined {
  if (isCut) return 'Only its beginning is shown: the rest would be cut off.'
  return encoding === 'base64' ? 'It holds bytes that are no text.' : undefined
}
