import {
  type AppDefinition,
  type ChildDefinition,
  isApp,
  isListening,
  type Listening,
  type ProgramDefinition,
  type ServiceDefinition,
} from './app-definition.ts'
import type { Child, Fleet, Group, GroupSpec } from './fleet.ts'
import { traitsOf } from './kinds.ts'
import { effectivePriorities } from './plan/end-order.ts'

/** All that a configuration makes a tree of. */
export interface TreeDefinitions {
  readonly apps: readonly AppDefinition[]
  readonly services: readonly ServiceDefinition[]
  readonly programs: readonly ProgramDefinition[]
}

type Definition = ChildDefinition | ProgramDefinition

/** Every definition that a child may still come from, by name and revision. */
export class Definitions {
  readonly #all = new Map<string, Definition>()

  /** Of those that a reload does not change, which have one revision only, the first stays. */
  add({ apps, services, programs }: TreeDefinitions): void {
    for (const definition of [...apps, ...programs]) this.#all.set(keyOf(definition.spec), definition)
    for (const service of services) {
      const key = keyOf(service.spec)
      if (!this.#all.has(key)) this.#all.set(key, service)
    }
  }

  /** What a child is made of. */
  of({ group: name, revision }: Child): Definition | undefined {
    return this.#all.get(keyOf({ name, revision }))
  }

  /** The application that a child runs, if it does. */
  appOf(child: Child): AppDefinition | undefined {
    const definition = this.of(child)
    return definition && isApp(definition) ? definition : undefined
  }

  appOfGroup({ spec }: Group): AppDefinition | undefined {
    const definition = this.#all.get(keyOf(spec))
    return definition && isApp(definition) ? definition : undefined
  }

  /** What of a group has listen sockets, if it has. */
  listeningOf(group: Group | undefined): Listening | undefined {
    const definition = group && this.#all.get(keyOf(group.spec))
    return definition && isListening(definition) ? definition : undefined
  }

  serviceNamed(name: string): GroupSpec | undefined {
    return this.#all.get(keyOf({ name, revision: 0 }))?.spec
  }

  /** Forgets those that no group uses any more, and gives the ones with sockets that are left. */
  forgetUnused({ groups, children }: Fleet): Set<Listening> {
    const used = new Set<string>()
    for (const { spec } of groups.values()) used.add(keyOf(spec))
    // A reload that stopped half-way leaves children of an older revision in their places.
    for (const { state, group: name, revision } of children.values())
      if (state !== 'STOPPING') used.add(keyOf({ name, revision }))
    const listening = new Set<Listening>()
    for (const [key, definition] of this.#all) {
      if (!used.has(key) && traitsOf(definition.spec).rolls) this.#all.delete(key)
      else if (isListening(definition)) listening.add(definition)
    }
    return listening
  }
}

function keyOf({ name, revision }: Pick<GroupSpec, 'name' | 'revision'>): string {
  return `${name}@${revision}`
}

/**
 * Of all that starts with the tree; the applications first, since the first of them may have begun already: see early-child.ts.
 * Programs begin in the order of their priorities.
 */
export function specsOf({ apps, services, programs }: TreeDefinitions): GroupSpec[] {
  const priorities = effectivePriorities(programs.map(({ spec }) => spec))
  const priorityOf = ({ spec }: ProgramDefinition) => priorities.get(spec.name) ?? 0
  const inOrder = programs.toSorted((a, b) => priorityOf(a) - priorityOf(b))
  const started = services.filter(({ starts }) => starts === 'with the tree')
  return [...apps, ...inOrder, ...started].map(({ spec }) => spec)
}
