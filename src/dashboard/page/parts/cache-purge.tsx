import { useState } from 'preact/hooks'
import type { ActionInputs } from '../../api.ts'
import { act } from '../api-client.ts'
import { formatCount } from '../formats.ts'
import { tell } from '../toasts.ts'
import { visibleText } from '../visible-text.ts'
import { ActionButton } from './button.tsx'
import { SelectField } from './fields.tsx'

type Kind = ActionInputs['cachePurge']['kind']

const kinds: readonly (readonly [Kind, string])[] = [
  ['path', 'Path'],
  ['prefix', 'Paths below'],
  ['tag', 'Tag'],
  ['all', 'All'],
]

/** Has the caches of an application forget a path, all below one, what has a tag, or everything. */
export function CachePurge({ app }: { readonly app: string }) {
  const [kind, setKind] = useState<Kind>('path')
  const [value, setValue] = useState('')
  const isAll = kind === 'all'
  const what = isAll ? 'everything' : visibleText(value)
  const purge = async () => {
    const { workers } = await act('cachePurge', isAll ? { kind, app } : { kind, value, app })
    tell(`${formatCount(workers.length, 'worker')} of ${visibleText(app)} forgot ${what}.`)
    setValue('')
  }
  return (
    <div class="purge">
      <SelectField label={`What the cache of ${app} forgets`} value={kind} options={kinds} onChange={setKind} />
      {!isAll && (
        <input
          class="input"
          aria-label={kind === 'tag' ? 'Tag' : 'Path'}
          placeholder={kind === 'tag' ? 'tag' : '/path'}
          autocomplete="off"
          spellcheck={false}
          value={value}
          onInput={event => setValue(event.currentTarget.value)}
        />
      )}
      <ActionButton
        label={`Purge the cache of ${visibleText(app)}`}
        disabledReason={isAll || value !== '' ? undefined : 'Say what is to be forgotten.'}
        confirm={{
          title: `Purge ${what}?`,
          text: 'What is asked for next is fetched anew: the application gets that load at once.',
          yes: 'Purge',
        }}
        onClick={purge}
      >
        Purge
      </ActionButton>
    </div>
  )
}
