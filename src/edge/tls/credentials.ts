/** What a worker speaks TLS with. The supervisor reads the files, as it may and workers may not, and gives it to them. */
export interface Credentials {
  /** The first is for every name that no other has. */
  readonly identities: readonly Identity[]
  /** PEM; whose certificates of clients are accepted. */
  readonly ca: string | undefined
  /** 48 bytes in base64, the same for all workers: a session that began with one goes on with another. */
  readonly ticketKeys: string
}

export interface Identity {
  /** PEM, with its chain. */
  readonly cert: string
  /** PEM, not encrypted. */
  readonly key: string
  /** The names that it is for, as in createNameTable. */
  readonly names: readonly string[]
}

/** Where an edge has them from. */
export interface CredentialSource {
  readonly current: Credentials
  /** Calls it for each later change. */
  onChange(listener: (credentials: Credentials) => void): void
}
