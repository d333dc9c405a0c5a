import { type AppDefinition, type ChildDefinition, isApp, type ServiceDefinition } from './app-definition.ts'
import type { Child, Fleet, Group, GroupSpec } from './fleet.ts'

/** Every definition that a child may still come from, by name and revision. */
export class Definitions {
  readonly #apps = new Map<string, AppDefinition>()
  /** A reload does not change them, and so they have no revisions. */
  readonly #services = new Map<string, ServiceDefinition>()

  add(apps: readonly AppDefinition[], services: readonly ServiceDefinition[]): void {
    for (const app of apps) this.#apps.set(keyOf(app.spec.name, app.spec.revision), app)
    for (const service of services)
      if (!this.#services.has(service.spec.name)) this.#services.set(service.spec.name, service)
  }

  /** What a child is made of. */
  of({ group, revision }: Child): ChildDefinition | undefined {
    return this.#apps.get(keyOf(group, revision)) ?? this.#services.get(group)
  }

  /** The application that a child runs, if it does. */
  appOf(child: Child): AppDefinition | undefined {
    const definition = this.of(child)
    return definition && isApp(definition) ? definition : undefined
  }

  appOfGroup({ spec }: Group): AppDefinition | undefined {
    return this.#apps.get(keyOf(spec.name, spec.revision))
  }

  serviceNamed(name: string): GroupSpec | undefined {
    return this.#services.get(name)?.spec
  }

  /** Forgets the applications that no group uses any more, and gives those that are left. */
  forgetUnused({ groups, children }: Fleet): Set<AppDefinition> {
    const used = new Set<AppDefinition>()
    const keep = (app: AppDefinition | undefined) => app && used.add(app)
    for (const group of groups.values()) keep(this.appOfGroup(group))
    // A reload that stopped half-way leaves children of an older revision in their places.
    for (const child of children.values()) if (child.state !== 'STOPPING') keep(this.appOf(child))
    for (const [key, app] of this.#apps) if (!used.has(app)) this.#apps.delete(key)
    return used
  }
}

function keyOf(name: string, revision: number): string {
  return `${name}@${revision}`
}
