/** One key: what it is and holds, and what can be done with it. */
import { useState } from 'preact/hooks'
import type { KeySummary, KeyView } from '../../api.ts'
import { post, withQuery } from '../api-client.ts'
import { formatCount } from '../formats.ts'
import { ActionButton, Button } from '../parts/button.tsx'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { SelectField } from '../parts/fields.tsx'
import { Pager } from '../parts/pager.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { tell } from '../toasts.ts'
import { usePages } from '../use-pages.ts'
import { usePolled } from '../use-polled.ts'
import { cutText, visibleText } from '../visible-text.ts'
import { Entry } from './store-entry.tsx'
import { blankName, sizeOf } from './store-keys.tsx'

interface KeyDialogProps {
  readonly summary: KeySummary
  onClose(): void
  /** It is not what it was. */
  onChange(): void
}

const typeNames: Readonly<Record<KeySummary['type'], string>> = {
  string: 'text',
  hash: 'map',
  list: 'list',
  set: 'set',
  zset: 'sorted set',
  other: 'of a type that only Redis has',
}

export function KeyDialog({ summary, onClose, onChange }: KeyDialogProps) {
  const { id } = summary
  const pages = usePages(id)
  const polled = usePolled<KeyView>(withQuery('/api/store/key', { id, after: pages.after }), undefined)
  const name = summary.name.trim() === '' ? blankName(summary.name) : visibleText(cutText(summary.name, 120))
  const change = () => {
    polled.refresh()
    onChange()
  }
  const remove = async () => {
    await post('/api/store/delete', { id })
    tell(`${name} is deleted.`)
    onChange()
    onClose()
  }
  const confirm = { title: `Delete ${name}?`, text: 'All that it holds is gone then.', yes: 'Delete the key' }
  return (
    <Dialog
      place="side"
      title={name}
      onClose={onClose}
      actions={
        <>
          <ActionButton kind="danger" label={`Delete the key ${name}`} confirm={confirm} onClick={remove}>
            Delete
          </ActionButton>
          <Button onClick={polled.refresh}>Refresh</Button>
        </>
      }
    >
      <PolledView polled={polled} what="the key">
        {key => (
          <>
            <KeyFacts summary={key} onChange={change} />
            {key.entries.length === 0 && <EmptyState title="There is nothing to show of it." />}
            <ol class="entries" aria-label="Entries">
              {key.entries.map((entry, i) => (
                <Entry key={entry.fieldId ?? entry.field ?? i} summary={key} entry={entry} onChange={change} />
              ))}
            </ol>
            <Pager what="entries" pages={pages} next={key.next} />
          </>
        )}
      </PolledView>
    </Dialog>
  )
}

function KeyFacts({ summary, onChange }: Pick<KeyDialogProps, 'summary' | 'onChange'>) {
  const { name, type, size, expiresAt } = summary
  const [isAsking, setAsking] = useState(false)
  return (
    <dl class="facts">
      <div>
        <dt>Name</dt>
        <dd>
          <Text value={name} isCode />
        </dd>
      </div>
      <div>
        <dt>Type</dt>
        <dd>
          {typeNames[type]}, {type === 'string' ? sizeOf(summary) : formatCount(size, 'entry', 'entries')}
        </dd>
      </div>
      <div>
        <dt>Ends</dt>
        <dd>
          {expiresAt === undefined ? 'never' : <RelativeTime at={expiresAt} />}{' '}
          <ActionButton kind="plain" label="Change when it ends" onClick={() => setAsking(true)}>
            Change
          </ActionButton>
        </dd>
      </div>
      {isAsking && <TtlDialog summary={summary} onClose={() => setAsking(false)} onChange={onChange} />}
    </dl>
  )
}

const units = [
  ['1000', 'seconds'],
  ['60000', 'minutes'],
  ['3600000', 'hours'],
  ['86400000', 'days'],
] as const

function TtlDialog({ summary: { id }, onClose, onChange }: KeyDialogProps) {
  const [count, setCount] = useState('10')
  const [unit, setUnit] = useState<(typeof units)[number][0]>('60000')
  const ttlMs = Math.round(Number(count) * Number(unit))
  const isRight = Number.isSafeInteger(ttlMs) && ttlMs > 0
  const set = async (ms: number | null) => {
    await post('/api/store/expire', { id, ttlMs: ms })
    onChange()
    onClose()
  }
  return (
    <Dialog
      title="When does it end?"
      onClose={onClose}
      actions={
        <>
          <ActionButton onClick={() => set(null)}>Never</ActionButton>
          <ActionButton
            kind="main"
            disabledReason={isRight ? undefined : 'This is no time.'}
            onClick={() => set(ttlMs)}
          >
            Set
          </ActionButton>
        </>
      }
    >
      <div class="row">
        <label>
          Ends in{' '}
          <input
            class="input"
            type="number"
            min="1"
            value={count}
            onInput={event => setCount(event.currentTarget.value)}
          />
        </label>
        <SelectField label="Unit" value={unit} options={units} onChange={chosen => setUnit(chosen)} />
      </div>
    </Dialog>
  )
}
