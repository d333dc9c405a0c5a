/**
 * Keeps what an application speaks TLS with: reads its files, looks whether they change, and makes the keys of its tickets.
 *
 * It looks at the files once a second instead of being told. A folder watch sees neither a symbolic link above the folder
 * that is turned (Kubernetes, certbot) nor a network file system, so looking would be needed beside it anyway, and costs
 * next to nothing: some 30 µs for a pair. A change counts when two looks in a row saw the same, so that what is still being
 * written is left alone; and a pair that cannot be used changes nothing.
 */
import { stat } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { messageOf, ServerError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { strongCiphers } from '../../base/tls-ciphers.ts'
import type { Credentials } from './credentials.ts'
import type { TlsSettings } from './options.ts'
import { type CheckedIdentity, parseCertificates, readIdentity, readText } from './read-identity.ts'
import { keepSelfSigned } from './self-signed.ts'

export interface KeeperOptions {
  /** The application's name. */
  readonly app: string
  readonly tls: TlsSettings
  /** Where the certificate that signs itself is kept. */
  readonly selfSignedFile: string
  readonly clock: Clock
  readonly log: Log
  /** The keeper before a reload: clients go on with the tickets that they have. */
  readonly previous?: CertificateKeeper | undefined
}

const lookEveryMs = 1_000
const lookAgainMs = 200
const rotateEveryMs = 12 * 3_600_000
const dayMs = 86_400_000
const endingDays = 14
const ticketKeyBytes = 48

interface Loaded {
  readonly identities: readonly CheckedIdentity[]
  readonly ca: string | undefined
}

export class CertificateKeeper {
  readonly #options: Omit<KeeperOptions, 'previous'>
  #loaded: Loaded
  #ticketKeys: string
  #rotatedAt: number
  #warnedAt: number
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #onChange: () => void = () => {}
  /** The state of the files that was taken or refused, and the one that was seen last. */
  #settled = ''
  #seen = ''

  private constructor({ previous, ...options }: KeeperOptions, loaded: Loaded) {
    const { clock } = options
    // Without the one before, which would hold the one before it, and so on.
    this.#options = options
    this.#loaded = loaded
    this.#rotatedAt = clock.now()
    this.#warnedAt = clock.now()
    // A session that began under other rules for clients must begin anew.
    const isSame =
      previous !== undefined &&
      previous.#loaded.ca === loaded.ca &&
      previous.#options.tls.clientCertificate === options.tls.clientCertificate
    this.#ticketKeys = isSame ? previous.#ticketKeys : makeTicketKeys()
    if (isSame) this.#rotatedAt = previous.#rotatedAt
  }

  /**
   * Reads everything.
   *
   * @throws {ServerError} ERR_CONFIG_INVALID with every file that cannot be used in `problems`.
   */
  static async open(options: KeeperOptions): Promise<CertificateKeeper> {
    return new CertificateKeeper(options, await load(options))
  }

  get credentials(): Credentials {
    const { identities, ca } = this.#loaded
    return {
      identities: identities.map(({ cert, key, names }) => ({ cert, key, names })),
      ca,
      ticketKeys: this.#ticketKeys,
    }
  }

  /** Says what was read, and looks after it from now on; `onChange` is called when `credentials` has become another. */
  watch(onChange: () => void): void {
    this.#onChange = onChange
    for (const identity of this.#loaded.identities) this.#announce(identity)
    this.#lookIn(lookAgainMs)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #lookIn(ms: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#look().then(
        nextMs => this.#lookIn(nextMs),
        error => {
          this.#refuse(error)
          this.#lookIn(lookEveryMs)
        },
      )
    }, ms)
    this.#timer.unref()
  }

  /** Returns after how many milliseconds to look again. */
  async #look(): Promise<number> {
    const { clock, tls } = this.#options
    if (clock.now() - this.#rotatedAt >= rotateEveryMs) this.#rotate()
    const isNewDay = clock.now() - this.#warnedAt >= dayMs
    if (isNewDay) this.#startDay()
    const state = await stateOf(tls)
    const isSteady = state === this.#seen
    this.#seen = state
    if (!isSteady) return lookAgainMs
    if (state === this.#settled && !(isNewDay && tls.selfSigned)) return lookEveryMs
    this.#settled = state
    this.#take(await load(this.#options))
    return lookEveryMs
  }

  #take(loaded: Loaded): void {
    if (this.#isClosed) return
    const before = this.#loaded
    const news = loaded.identities.filter(
      (identity, index) =>
        identity.cert !== before.identities[index]?.cert || identity.key !== before.identities[index]?.key,
    )
    if (news.length === 0 && loaded.ca === before.ca) return
    this.#loaded = loaded
    if (loaded.ca !== before.ca) this.#ticketKeys = makeTicketKeys()
    this.#onChange()
    for (const identity of news) this.#announce(identity)
  }

  #rotate(): void {
    this.#rotatedAt = this.#options.clock.now()
    this.#ticketKeys = makeTicketKeys()
    this.#onChange()
  }

  #startDay(): void {
    this.#warnedAt = this.#options.clock.now()
    for (const identity of this.#loaded.identities) this.#warn(identity)
  }

  #announce(identity: CheckedIdentity): void {
    const { app, log } = this.#options
    const { file, names, notAfter, fingerprint } = identity
    log.info('edge.certificate.loaded', {
      app,
      file,
      names: names.join(' '),
      notAfter: notAfter.toISOString(),
      fingerprint,
    })
    this.#warn(identity)
  }

  #warn({ file, notBefore, notAfter, isExposed }: CheckedIdentity): void {
    const { app, log, clock } = this.#options
    const now = clock.date().getTime()
    const days = Math.floor((notAfter.getTime() - now) / dayMs)
    const ends = notAfter.toISOString()
    if (notAfter.getTime() <= now) log.warn('edge.certificate.expired', { app, file, notAfter: ends })
    else if (days < endingDays) log.warn('edge.certificate.ending', { app, file, notAfter: ends, days })
    if (notBefore.getTime() > now) log.warn('edge.certificate.early', { app, file, notBefore: notBefore.toISOString() })
    if (isExposed) log.warn('edge.certificate.exposed', { app, file, advice: 'everybody may read its key: chmod 600' })
  }

  #refuse(error: unknown): void {
    if (this.#isClosed) return
    const { app, log } = this.#options
    const problems = error instanceof ServerError && error.problems.length > 0 ? error.problems : [messageOf(error)]
    for (const problem of problems) log.error('edge.certificate.refused', { app, error: problem })
  }
}

function makeTicketKeys(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(ticketKeyBytes).toString('base64')
}

/** What tells whether a file has become another, also behind a symbolic link. */
async function stateOf({ cert, key, certificates, ca }: TlsSettings): Promise<string> {
  const files = [cert, key, ca, ...certificates.flatMap(pair => [pair.cert, pair.key])]
  const states = files.map(async file => {
    if (file === undefined) return ''
    const found = await stat(file, { bigint: true }).catch(() => undefined)
    return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}` : 'gone'
  })
  return (await Promise.all(states)).join(' ')
}

/** @throws {ServerError} ERR_CONFIG_INVALID with every problem. */
async function load({ app, tls, selfSignedFile, clock }: Omit<KeeperOptions, 'previous'>): Promise<Loaded> {
  const problems: string[] = []
  const at = (where: string) => (error: unknown) => void problems.push(`apps.${app}.tls.${where}${messageOf(error)}`)
  const own = { cert: tls.cert ?? '', key: tls.key ?? '', passphrase: tls.passphrase }
  const read = await Promise.all([
    tls.selfSigned ? keepSelfSigned(selfSignedFile, clock.date()) : readIdentity(own).catch(at('')),
    ...tls.certificates.map((pair, index) => readIdentity(pair).catch(at(`certificates[${index}].`))),
  ])
  const ca = tls.ca === undefined ? undefined : ((await readAuthorities(tls.ca).catch(at(''))) ?? undefined)
  checkCiphers(tls, at('ciphers '))
  if (problems.length > 0) {
    const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
    throw new ServerError('ERR_CONFIG_INVALID', `TLS of ${app} has ${what}.`, { problems })
  }
  return { identities: read.filter(identity => identity !== undefined), ca }
}

async function readAuthorities(file: string): Promise<string> {
  const text = await readText('ca', file)
  parseCertificates(text, file, 'ca')
  return text
}

function checkCiphers({ ciphers = strongCiphers, minVersion }: TlsSettings, complain: (error: unknown) => void): void {
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ ciphers, minVersion })
  } catch (error) {
    complain(new Error(`expected names of cipher suites that OpenSSL knows, got "${ciphers}" (${messageOf(error)}).`))
  }
}
