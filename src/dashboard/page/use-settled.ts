import { useEffect, useState } from 'preact/hooks'

/** The value as it was when nobody had changed it for a while: what is asked for does not follow each letter that is typed. */
export function useSettled<Value>(value: Value, quietMs = 250): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), quietMs)
    return () => clearTimeout(timer)
  }, [value, quietMs])
  return settled
}
