import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Observable } from './observable.ts'

/** What `select` makes of an observable; the component is drawn again only when that is another value. */
export function useObserved<Value, Selected>(source: Observable<Value>, select: (value: Value) => Selected): Selected {
  const [, redraw] = useState<object>()
  const selected = select(source.get())
  // The latest, since `select` looks at properties of its component, which become others.
  const drawn = useRef({ select, selected })
  drawn.current = { select, selected }
  useLayoutEffect(() => {
    const look = () => {
      const { select, selected } = drawn.current
      if (!Object.is(select(source.get()), selected)) redraw({})
    }
    look()
    return source.follow(look)
  }, [source])
  return selected
}
