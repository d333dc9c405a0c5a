/** TLS of the network door: which versions and ciphers, and the files of the certificate. */
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { messageOf, ServerError } from '../../base/errors.ts'
import { strongCiphers } from '../../base/tls-ciphers.ts'

/** Paths of PEM files. */
export interface DoorTls {
  readonly cert: string
  readonly key: string
  /** Of those who sign the certificates of clients. */
  readonly ca?: string | undefined
  /** Clients have to show a certificate. */
  readonly requireCert: boolean
}

/** @throws {ServerError} ERR_CONFIG_INVALID when a file cannot be read, or is not what it should be. */
export function createTlsServer({ cert, key, ca, requireCert }: DoorTls, handshakeTimeout: number): tls.Server {
  const files = { cert: read('cert', cert), key: read('key', key), ...(ca && { ca: read('ca', ca) }) }
  const rules = { minVersion: 'TLSv1.2', ciphers: strongCiphers, honorCipherOrder: true, handshakeTimeout } as const
  try {
    return tls.createServer({ ...files, ...rules, requestCert: requireCert, rejectUnauthorized: requireCert })
  } catch (error) {
    throw new ServerError('ERR_CONFIG_INVALID', `store.tls.cert and store.tls.key cannot be used: ${messageOf(error)}.`)
  }
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ServerError('ERR_CONFIG_INVALID', `store.tls.${name} cannot be read: ${messageOf(error)}.`)
  }
}
