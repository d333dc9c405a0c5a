import type * as nodeHttp from 'node:http'

/**
 * `node:http` without what an import of it costs. An import reads every export, and one of them is a getter that loads
 * all of undici: 20 ms, nearly as much as Node itself takes to start, in every process and for nothing.
 */
export const http: typeof nodeHttp = process.getBuiltinModule('node:http')
