import { useId } from 'preact/hooks'

interface FilterProps {
  readonly label: string
  readonly value: string
  onChange(value: string): void
  readonly placeholder?: string
}

/** A field for what is looked for. The first of a page is reached by `/`, and Escape empties it. */
export function FilterField({ label, value, onChange, placeholder }: FilterProps) {
  return (
    <input
      class="filter"
      type="search"
      data-filter=""
      aria-label={label}
      aria-keyshortcuts="/"
      placeholder={placeholder ?? label}
      autocomplete="off"
      spellcheck={false}
      dir="auto"
      value={value}
      onInput={event => onChange(event.currentTarget.value)}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        if (value === '') event.currentTarget.blur()
        else onChange('')
      }}
    />
  )
}

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [NoInfer<Value>, string])[]
  onChange(value: NoInfer<Value>): void
}

/** One of many, in a list that opens. */
export function SelectField<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <select
      class="select"
      aria-label={label}
      value={value}
      onChange={event => onChange(event.currentTarget.value as Value)}
    >
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  )
}

/** One of a few, side by side. */
export function Segments<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  const name = useId()
  return (
    <fieldset class="segments">
      <legend class="unseen">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
