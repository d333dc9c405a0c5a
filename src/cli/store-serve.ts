import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { messageOf, ServerError } from '../base/errors.ts'
import type { CommandContext } from './main.ts'

interface ServeOptions {
  readonly dir?: string
  readonly listen?: readonly string[]
  readonly passwordFile?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsCa?: string
  readonly requireCert?: boolean
  readonly allow?: readonly string[]
  readonly durability?: string
  readonly maxClients?: string
  readonly idleTimeout?: string
  readonly json?: boolean
}

const passwordVariable = 'SAOLA_STORE_PASSWORD'
const listenDefault = '127.0.0.1:9980'

const flags: Readonly<Record<string, string>> = {
  dir: '--dir',
  listen: '--listen',
  password: `--password-file or ${passwordVariable}`,
  'tls.cert': '--tls-cert',
  'tls.key': '--tls-key',
  'tls.ca': '--tls-ca',
  'tls.requireCert': '--require-cert',
  allow: '--allow',
  durability: '--durability',
  maxClients: '--max-clients',
  idleTimeout: '--idle-timeout',
}

export function defineServe(command: Command, { version }: CommandContext): void {
  command
    .command('serve')
    .description('the store alone, as a server of its own, for clients of Redis and saola:// addresses')
    .option('--dir <dir>', 'the folder of the store (default: .saola/store)')
    .option('--listen <address...>', `HOST:PORT, :PORT or unix:PATH (default: ${listenDefault})`)
    .option('--password-file <file>', `the password is its first line; else that of ${passwordVariable}`)
    .option('--tls-cert <file>', 'the certificate of the server, PEM')
    .option('--tls-key <file>', 'its private key, PEM')
    .option('--tls-ca <file>', 'who has signed the certificates of clients, PEM')
    .option('--require-cert', 'clients have to show a certificate')
    .option('--allow <network...>', 'who may connect, such as 10.0.0.0/8 (default: all)')
    .option('--durability <word>', 'memory, everysec or always (default: everysec)')
    .option('--max-clients <number>', 'the most connections (default: 10000)')
    .option('--idle-timeout <duration>', 'close clients that do nothing for so long (default: never)')
    .option('--json', 'the log as JSON')
    .addHelpText(
      'after',
      '\nRuns in the foreground until SIGTERM or SIGINT.\n' +
        '\nExamples:\n  saola store serve --dir data\n' +
        '  saola store serve --listen :9980 --password-file secret --tls-cert cert.pem --tls-key key.pem',
    )
    .action(async (options: ServeOptions) => {
      const { serveStore } = await import('../processes/store-serve.ts')
      const given = { version, settings: settingsOf(options), json: options.json === true }
      const code = await serveStore(given).catch(error => {
        throw inFlags(error)
      })
      process.exit(code)
    })
}

/** What a configuration calls by the names of its settings, as it was typed. */
function inFlags(error: unknown): unknown {
  if (!(error instanceof ServerError)) return error
  const { code, message, problems, cause } = error
  return new ServerError(code, flagged(message), { cause, problems: problems.map(flagged) })
}

function flagged(text: string): string {
  const missing = /^store\.tls needs (cert|key): /.exec(text)?.[1]
  if (missing) return `--tls-${missing} is missing: TLS needs the certificate and its private key.`
  return text.replace(/(?<![\w./-])store\.([a-zA-Z.]+)(?:\[\d+\])?/g, (whole, name: string) => flags[name] ?? whole)
}

/** As the section `store` of a configuration has them. */
function settingsOf(options: ServeOptions): Record<string, unknown> {
  const { tlsCert, tlsKey, tlsCa, requireCert, maxClients } = options
  const tls = {
    ...given('cert', tlsCert && resolve(tlsCert)),
    ...given('key', tlsKey && resolve(tlsKey)),
    ...given('ca', tlsCa && resolve(tlsCa)),
    ...given('requireCert', requireCert),
  }
  if (options.dir === '') throw new ServerError('ERR_USAGE', '--dir expected a folder, got "".')
  const count = maxClients !== undefined && /^\d+$/.test(maxClients) ? Number(maxClients) : maxClients
  return {
    dir: resolve(options.dir ?? join('.saola', 'store')),
    listen: options.listen ?? listenDefault,
    ...given('password', passwordOf(options)),
    ...given('tls', Object.keys(tls).length > 0 ? tls : undefined),
    ...given('allow', options.allow),
    ...given('durability', options.durability),
    ...given('maxClients', count),
    ...given('idleTimeout', options.idleTimeout),
  }
}

function given(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value }
}

/**
 * Not an option of its own: other users of the machine see the command lines of all processes.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID, as for the files of TLS.
 */
function passwordOf({ passwordFile }: ServeOptions): string | undefined {
  if (passwordFile === undefined) return process.env[passwordVariable]
  let text: string
  try {
    text = readFileSync(passwordFile, 'utf8')
  } catch (error) {
    const message = `--password-file cannot be read: ${messageOf(error)}.`
    throw new ServerError('ERR_CONFIG_INVALID', message, { cause: error })
  }
  const [line = ''] = text.split(/\r?\n/)
  if (line !== '') return line
  const message = `--password-file expected a password in the first line of ${passwordFile}, got none.`
  throw new ServerError('ERR_CONFIG_INVALID', message)
}
