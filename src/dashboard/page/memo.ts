import { Component, type ComponentChildren, type ComponentType, createElement } from 'preact'

/** A component that is drawn again only when one of its properties is another one. */
export function memo<Props extends object>(inner: (props: Props) => ComponentChildren): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return !isShallowEqual(this.props, next)
    }

    override render(): ComponentChildren {
      return createElement(inner as ComponentType<object>, this.props)
    }
  }
}

function isShallowEqual(one: object, other: object): boolean {
  const before = Object.entries(one)
  const after = other as Record<string, unknown>
  return before.length === Object.keys(other).length && before.every(([name, value]) => Object.is(value, after[name]))
}
