/** Answers requests with files: finds the one that is wanted, and sends it or what is to be said in its place. */
import type { ServerResponse } from 'node:http'
import { messageOf } from '../../base/errors.ts'
import type { EdgeRequest, Outcome } from '../edge-request.ts'
import { headerText } from '../header-text.ts'
import type { EdgeSettings } from '../options.ts'
import { answerShortly, refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import { type AnswerOptions, answerFile, type KeptHeaders } from './answer-file.ts'
import { createFileCompression, type FileCompression } from './compress-file.ts'
import { createFileFinder, type FileFinder, type Found, type Wanted } from './find-file.ts'
import type { Mount } from './mount.ts'
import { createPiecePool } from './piece-pool.ts'
import { StaticFile } from './static-file.ts'

/** A file that was closed between finding and sending is looked for so often. */
const attemptsMax = 3

export class FileServer {
  readonly #finder: FileFinder
  readonly #compression: FileCompression | undefined
  readonly #options: AnswerOptions
  readonly #log: EdgeServices['log']

  constructor(
    { staticCache, compression }: Pick<EdgeSettings, 'staticCache' | 'compression'>,
    { clock, log }: Pick<EdgeServices, 'clock' | 'log'>,
  ) {
    this.#compression = createFileCompression(compression)
    this.#finder = createFileFinder(staticCache, clock, this.#compression)
    this.#options = { pieces: createPiecePool(), nowMs: () => clock.date().getTime() }
    this.#log = log
  }

  answer(request: EdgeRequest, mount: Mount): Outcome | Promise<Outcome> {
    const { path, req, res } = request
    if (req.method === 'GET' || req.method === 'HEAD') {
      return this.#look(request, { mount, relative: path.slice(mount.prefix.length), key: path })
    }
    if (mount.fallthrough) return 'next'
    refuse(res, 405, 'method', { Allow: 'GET, HEAD' })
    return 'done'
  }

  /** Answers with a file that the application has named; 404 and `onMissing` when there is none. */
  answerNamed(request: EdgeRequest, wanted: Wanted | undefined, kept: KeptHeaders, onMissing: () => void): void {
    this.#answerNamed(request, wanted, kept, onMissing).catch(error => {
      this.#log.error('edge.failed', { step: 'static', error: messageOf(error) })
      refuse(request.res, 500, 'failed')
    })
  }

  close(): void {
    this.#finder.close()
  }

  async #answerNamed(
    { res, askAccess }: EdgeRequest,
    wanted: Wanted | undefined,
    kept: KeptHeaders,
    onMissing: () => void,
  ): Promise<void> {
    if (wanted && (await askAccess?.(pathOf(wanted))) === 'done') return
    const found = wanted ? await this.#finder.find(wanted) : 'missing'
    if (res.destroyed) return
    if (wanted && found instanceof StaticFile) return this.#sendUntilSent(res, wanted, kept)
    onMissing()
    refuse(res, 404, 'not-found')
  }

  #look(request: EdgeRequest, wanted: Wanted): Outcome | Promise<Outcome> {
    const found = this.#finder.find(wanted)
    if (!(found instanceof Promise)) return this.#settle(request, wanted, found)
    return found.then(late => (request.res.destroyed ? 'done' : this.#settle(request, wanted, late)))
  }

  #settle(request: EdgeRequest, wanted: Wanted, found: Found): Outcome | Promise<Outcome> {
    const { res } = request
    if (found === 'folder') return redirectToFolder(request)
    if (found === 'missing') return this.#settleMissing(request, wanted)
    const servedPath = pathOf(wanted)
    const asked = servedPath === request.path ? 'next' : (request.askAccess?.(servedPath) ?? 'next')
    if (typeof asked === 'string') return asked === 'next' ? this.#sendFound(res, wanted, found) : asked
    return asked.then(late => (late === 'next' && !res.destroyed ? this.#sendFound(res, wanted, found) : 'done'))
  }

  #sendFound(res: ServerResponse, wanted: Wanted, found: StaticFile): Outcome | Promise<Outcome> {
    const isSent = this.#send(res, wanted.mount, found)
    return isSent === true ? 'done' : this.#sendLater(res, wanted, isSent)
  }

  #settleMissing(request: EdgeRequest, wanted: Wanted): Outcome | Promise<Outcome> {
    const { mount } = wanted
    const { fallback } = mount
    const isPage = !wanted.isFallback && wantsPage(request) && mount.mayFallBack(request.path)
    if (fallback === undefined || !isPage) return settleAbsent(request, mount)
    return this.#look(request, fallbackOf(mount, fallback))
  }

  async #sendLater(res: ServerResponse, wanted: Wanted, isSent: boolean | Promise<boolean>): Promise<'done'> {
    if (!(await isSent)) await this.#sendUntilSent(res, wanted)
    return 'done'
  }

  async #sendUntilSent(res: ServerResponse, wanted: Wanted, kept?: KeptHeaders): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax && !res.destroyed; attempt++) {
      const found = await this.#finder.find(wanted)
      if (!(found instanceof StaticFile)) break
      if (await this.#send(res, wanted.mount, found, kept)) return
      this.#finder.cache.delete(wanted.key)
    }
    if (!res.destroyed) refuse(res, 503, 'failed')
  }

  /** False when it must be looked for again. */
  #send(res: ServerResponse, mount: Mount, file: StaticFile, kept?: KeptHeaders): boolean | Promise<boolean> {
    const { 'accept-encoding': header, range } = res.req.headers
    const accepted = file.hasVariants ? mount.orderEncodings(headerText(header)) : []
    // What the application has named may be of one user, and whoever wants a part wants one of the file.
    const isMade = file.isCompressed && range === undefined && kept === undefined
    const version = file.select(accepted, isMade ? this.#compression?.order(headerText(header)) : [])
    if (!(version instanceof Promise)) return answerFile(res, version, this.#options, kept)
    return version.then(loaded => res.destroyed || answerFile(res, loaded, this.#options, kept))
  }
}

/** Where the file itself would be asked for: that of an index has its name, that of a fallback its own path. */
function pathOf({ mount, relative }: Wanted): string {
  return mount.prefix + relative + (relative.endsWith('/') ? mount.index : '')
}

function settleAbsent({ res }: EdgeRequest, mount: Mount): Outcome {
  if (mount.fallthrough) return 'next'
  refuse(res, 404, 'not-found')
  return 'done'
}

function fallbackOf(mount: Mount, relative: string): Wanted {
  // No path has a NUL: this one is remembered beside the same file under its own name, whose head is another one.
  return { mount, relative, key: `${mount.prefix}${relative}\0fallback`, isFallback: true }
}

/** The page of a single-page application is no answer to who looks for an image or a script. */
function wantsPage({ req, path }: EdgeRequest): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return !name.includes('.') && /(?:^|[,\s])text\/html(?:$|[\s,;])/i.test(headerText(req.headers.accept) ?? '')
}

/** From `/docs` to `/docs/`. A path that a browser would read as the name of a host is answered, never sent there. */
function redirectToFolder({ encodedPath, search, res }: EdgeRequest): Outcome {
  if (!/^\/(?![/\\])/.test(encodedPath)) {
    refuse(res, 404, 'not-found')
    return 'done'
  }
  answerShortly(res, 301, { Location: `${encodedPath}/${search}`, 'Cache-Control': 'public, max-age=0' })
  return 'done'
}
