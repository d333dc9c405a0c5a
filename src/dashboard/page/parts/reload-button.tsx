import { act } from '../api-client.ts'
import { formatCount } from '../formats.ts'
import { tell } from '../toasts.ts'
import { ActionButton } from './button.tsx'

/** Has the tree read its configuration again, and replace every worker; says what became of it when that is over. */
export function ReloadButton() {
  const reload = async () => {
    const { outcome, changes, warnings } = await act('reload', {})
    if (outcome && !outcome.ok) throw new Error(outcome.message)
    const changed =
      changes.length === 0
        ? 'Nothing in the configuration has changed.'
        : `${formatCount(changes.length, 'setting')} changed.`
    tell(`${outcome?.message ?? 'The reload has begun.'} ${changed}`, warnings)
  }
  return <ActionButton onClick={reload}>Reload</ActionButton>
}
