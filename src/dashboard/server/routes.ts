/** Every path of the dashboard's server below `/api`: a path more is a row in the file of its subject. */
import { actionRoutes } from './action-routes.ts'
import type { Route } from './route.ts'
import { storeRoutes } from './store-routes.ts'
import { taskRoutes } from './task-routes.ts'
import { treeRoutes } from './tree-routes.ts'

export const routes: readonly Route[] = [...treeRoutes, ...actionRoutes, ...storeRoutes, ...taskRoutes]
