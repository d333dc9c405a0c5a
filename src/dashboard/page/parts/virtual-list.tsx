import type { ComponentChildren } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { goneFromFront, visibleRange } from '../visible-range.ts'

interface VirtualListProps<Item> {
  readonly label: string
  readonly items: readonly Item[]
  /** Stays with the item while others come and go before it. */
  itemKey(item: Item): string | number
  row(item: Item): ComponentChildren
  rowClass?(item: Item): string
  /** Of each, in CSS pixels: all have the same. */
  readonly rowHeightPx: number
  /** Stays at the end while more comes, unless somebody has scrolled up. */
  readonly isTail?: boolean
  onOpen?(item: Item): void
  readonly chosenKey?: string | number | undefined
}

/** So many rows are drawn beyond both edges: fast scrolling does not see white. */
const rowsBeyond = 12

/** A long list of which only what can be seen is in the document. Arrow keys choose a row, Enter opens it. */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { label, items, itemKey, row, rowClass, rowHeightPx, isTail, onOpen, chosenKey } = props
  const id = useId()
  const frame = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(isTail ?? false)
  const lastTop = useRef(0)
  const lastItems = useRef(items)
  const [seen, setSeen] = useState({ top: 0, height: 600 })
  const [activeKey, setActiveKey] = useState<string | number>()
  const { first, end } = visibleRange(seen, { count: items.length, rowHeightPx, rowsBeyond })

  const look = () => {
    // Scrolls and sizes are still told of a list that is gone.
    if (!frame.current) return
    const { scrollTop: top, clientHeight: height } = frame.current
    setSeen(before => (before.top === top && before.height === height ? before : { top, height }))
  }
  const followEnd = () => {
    if (frame.current && isAtEnd.current) frame.current.scrollTop = frame.current.scrollHeight
    look()
  }
  const scrolled = () => {
    if (!frame.current) return
    const { scrollTop, clientHeight, scrollHeight } = frame.current
    // More lines, or less room, is not what somebody has scrolled.
    if (scrollHeight - scrollTop - clientHeight < rowHeightPx) isAtEnd.current = isTail ?? false
    else if (scrollTop < lastTop.current) isAtEnd.current = false
    lastTop.current = scrollTop
    look()
  }
  useLayoutEffect(() => {
    const gone = goneFromFront(lastItems.current, items)
    lastItems.current = items
    // What is read stays where it is, though the list is full and all of it moves up.
    if (frame.current && gone > 0 && !isAtEnd.current) {
      frame.current.scrollTop -= gone * rowHeightPx
      lastTop.current = frame.current.scrollTop
    }
    followEnd()
  }, [items])
  useEffect(() => {
    const watcher = new ResizeObserver(followEnd)
    watcher.observe(frame.current as HTMLDivElement)
    return () => watcher.disconnect()
  }, [])

  const activeAt = items.findIndex(item => itemKey(item) === activeKey)
  const goTo = (index: number) => {
    const item = items[Math.min(Math.max(index, 0), items.length - 1)]
    if (!item) return
    setActiveKey(itemKey(item))
    showRow(frame.current as HTMLDivElement, items.indexOf(item), rowHeightPx)
  }
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }
    const step = steps[event.key]
    const from = activeAt < 0 ? (event.key === 'ArrowUp' ? items.length : first - 1) : activeAt
    if (step !== undefined) goTo(from + step)
    else if (event.key === 'Home') goTo(0)
    else if (event.key === 'End') goTo(items.length - 1)
    else if (event.key === 'Enter' && items[activeAt]) onOpen?.(items[activeAt])
    else return
    event.preventDefault()
  }
  const shown = items.slice(first, end)
  const isActiveShown = activeAt >= first && activeAt < end
  return (
    <div
      ref={frame}
      class="virtual"
      role="listbox"
      aria-label={label}
      aria-activedescendant={isActiveShown ? `${id}-${activeKey}` : undefined}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={press}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${items.length * rowHeightPx}px` }}>
        <div class="virtual-rows" role="presentation" style={{ transform: `translateY(${first * rowHeightPx}px)` }}>
          {shown.map((item, index) => {
            const key = itemKey(item)
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the focus, and the keys.
              <div
                key={key}
                id={`${id}-${key}`}
                role="option"
                tabIndex={-1}
                aria-selected={key === chosenKey}
                aria-setsize={items.length}
                aria-posinset={first + index + 1}
                class={`virtual-row ${key === activeKey ? 'virtual-active' : ''} ${rowClass?.(item) ?? ''}`}
                style={{ height: `${rowHeightPx}px` }}
                onClick={() => {
                  setActiveKey(key)
                  onOpen?.(item)
                }}
              >
                {row(item)}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

function showRow(frame: HTMLElement, index: number, rowHeightPx: number): void {
  const top = index * rowHeightPx
  if (top < frame.scrollTop) frame.scrollTop = top
  else if (top + rowHeightPx > frame.scrollTop + frame.clientHeight)
    frame.scrollTop = top + rowHeightPx - frame.clientHeight
}
