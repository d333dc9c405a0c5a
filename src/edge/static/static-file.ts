import type { Stats } from 'node:fs'
import type { Encoding } from '../content/accept-encoding.ts'
import { smallTextOf } from '../small-body.ts'
import type { FileCompression } from './compress-file.ts'
import { createHead, typeOf } from './file-head.ts'
import { type FileVersion, isRacy, isSameFile, memoryOf, takeVersion } from './file-version.ts'
import { type Mount, suffixes } from './mount.ts'
import { closeQuietly, type Opened, openInside, statOf } from './open-inside.ts'

/** What the loading of files is told. */
export interface LoadSettings {
  /** A file up to this size is read into memory; in bytes. */
  readonly bodySizeMax: number
  /** Makes the encodings that no file is there for; undefined: they are not made. */
  readonly compression: FileCompression | undefined
  /** Of a file and of each of its encodings, too: the milliseconds since 1970. */
  nowMs(): number
  /** A file takes so many bytes more than before. */
  onGrowth(file: StaticFile, bytes: number): void
}

/** Where a file is, and how it is asked for. */
export interface FilePlace {
  readonly path: string
  readonly mount: Mount
  readonly isFallback: boolean
}

interface Variant {
  readonly encoding: Encoding
  readonly path: string
  readonly stats: Stats
  /** Loaded when somebody first accepts it; 'unusable' once it has turned out to be no file of ours. */
  version: FileVersion | Promise<FileVersion> | 'unknown' | 'unusable'
}

/** An encoding of a small file that is made when somebody first accepts it. */
interface Made {
  readonly encoding: Encoding
  version: FileVersion | Promise<FileVersion> | 'unknown'
}

/** A file of a mount with what lies beside it, as they were when they were last looked at. */
export class StaticFile {
  readonly plain: FileVersion
  readonly #place: FilePlace
  readonly #settings: LoadSettings
  readonly #variants: readonly Variant[]
  readonly #made: readonly Made[]
  readonly #isRacy: boolean
  /** Bytes in memory, with what belongs to them. */
  costBytes: number
  /** By the monotonic clock: when the disk was last asked. */
  checkedAt = 0
  /** The disk is being asked: who comes meanwhile waits for the same answer. */
  checking: Promise<void> | undefined
  /** Somebody has asked for it since the cache last looked for what to give up. */
  isWanted = false
  isRetired = false

  /**
   * Takes an open file over.
   *
   * @throws {Error} when it cannot be read; it is closed then.
   */
  static async load(opened: Opened & { kind: 'file' }, place: FilePlace, settings: LoadSettings): Promise<StaticFile> {
    const variants = await findVariants(place, opened.stats).catch(error => {
      closeQuietly(opened.fd)
      throw error
    })
    const { stats } = opened
    const varies = variants.length > 0 || isMade(place, stats, settings)
    const head = headOf(place, { stats, varies, nowMs: settings.nowMs() })
    const plain = await takeVersion(opened, head, settings.bodySizeMax)
    return new StaticFile(place, { plain, variants }, settings)
  }

  private constructor(
    place: FilePlace,
    { plain, variants }: { plain: FileVersion; variants: readonly Variant[] },
    settings: LoadSettings,
  ) {
    this.#place = place
    this.#settings = settings
    this.plain = plain
    this.#variants = variants
    const encodings = plain.body && isMade(place, plain.stats, settings) ? settings.compression?.encodings : undefined
    this.#made = (encodings ?? []).map(encoding => ({ encoding, version: 'unknown' }))
    this.#isRacy = isRacy(plain.stats, settings.nowMs())
    this.costBytes = overheadBytes + memoryOf(plain)
  }

  get hasVariants(): boolean {
    return this.#variants.length > 0
  }

  /** Encodings of it are made here. */
  get isCompressed(): boolean {
    return this.#made.length > 0
  }

  /** It keeps a file open. */
  get isOpen(): boolean {
    return this.#versions().some(({ descriptor }) => descriptor !== undefined)
  }

  /** An answer reads from it. */
  get isRead(): boolean {
    return this.#versions().some(({ descriptor }) => descriptor?.isUsed)
  }

  /**
   * The best version for what a client accepts, best first.
   *
   * @param made what it accepts of encodings that are made here, where no file is there for any that it accepts
   */
  select(accepted: readonly Encoding[], made: readonly Encoding[] = []): FileVersion | Promise<FileVersion> {
    for (const encoding of accepted) {
      const variant = this.#variants.find(one => one.encoding === encoding)
      if (!variant || variant.version === 'unusable') continue
      if (variant.version === 'unknown') variant.version = this.#loadOrPlain(variant)
      return variant.version
    }
    const first = this.#made.find(({ encoding }) => encoding === made[0])
    if (!first) return this.plain
    if (first.version === 'unknown') first.version = this.#makeOrPlain(first)
    return first.version
  }

  #makeOrPlain(made: Made): Promise<FileVersion> {
    return this.#make(made).catch(() => {
      made.version = 'unknown'
      return this.plain
    })
  }

  async #make(made: Made): Promise<FileVersion> {
    const { stats, body } = this.plain
    const { compression, nowMs } = this.#settings
    if (!compression || !body) return this.plain
    const { encoding } = made
    const bytes = await compression.compress(body, encoding)
    if (bytes.length >= body.length) return this.plain
    const head = headOf(this.#place, { stats, encoding, varies: true, madeBytes: bytes.length, nowMs: nowMs() })
    const version = { stats, head, body: bytes, text: smallTextOf(bytes), descriptor: undefined }
    made.version = version
    this.#grow(version)
    return version
  }

  #grow(version: FileVersion): void {
    const bytes = memoryOf(version)
    this.costBytes += bytes
    this.#settings.onGrowth(this, bytes)
  }

  /** What fails now, as with too many open files, may succeed next time. Who asks meanwhile gets the plain file. */
  #loadOrPlain(variant: Variant): Promise<FileVersion> {
    return this.#load(variant).catch(() => {
      variant.version = 'unknown'
      return this.plain
    })
  }

  async #load(variant: Variant): Promise<FileVersion> {
    const opened = await openInside(this.#place.mount, variant.path)
    if (opened.kind !== 'file' || !isSameFile(opened.stats, variant.stats)) {
      if (opened.kind === 'file') closeQuietly(opened.fd)
      variant.version = 'unusable'
      return this.plain
    }
    const { stats } = opened
    const head = headOf(this.#place, { stats, encoding: variant.encoding, varies: true, nowMs: this.#settings.nowMs() })
    const version = await takeVersion(opened, head, this.#settings.bodySizeMax)
    variant.version = version
    if (this.isRetired) version.descriptor?.retire()
    this.#grow(version)
    return version
  }

  /** Whether the disk still has what is here. */
  async isCurrent(): Promise<boolean> {
    if (this.#isRacy) return false
    const stats = await statOf(this.#place.path)
    if (!stats || !isSameFile(stats, this.plain.stats)) return false
    const variants = await findVariants(this.#place, stats)
    return (
      variants.length === this.#variants.length &&
      variants.every(({ stats }, at) => {
        const known = this.#variants[at]
        return known !== undefined && isSameFile(stats, known.stats)
      })
    )
  }

  /** Closes what is open, as soon as nobody reads it any more. */
  retire(): void {
    this.isRetired = true
    for (const { descriptor } of this.#versions()) descriptor?.retire()
  }

  #versions(): FileVersion[] {
    const versions = this.#variants.map(({ version }) => version)
    return [this.plain, ...versions.filter(isLoaded)]
  }
}

/** An entry without its body: heads, stats, the path. Estimated, and rather too much. */
const overheadBytes = 2048

function isLoaded(version: Variant['version']): version is FileVersion {
  return typeof version === 'object' && !(version instanceof Promise)
}

function headOf(
  { mount, path, isFallback }: FilePlace,
  facts: { stats: Stats; encoding?: Encoding; varies: boolean; madeBytes?: number; nowMs: number },
) {
  return createHead({ mount, name: path, isFallback, encoding: undefined, ...facts })
}

function isMade({ mount, path }: FilePlace, { size }: Stats, { bodySizeMax, compression }: LoadSettings): boolean {
  return compression !== undefined && size <= bodySizeMax && compression.fits(mount, typeOf(mount, path), size)
}

async function findVariants({ mount, path }: FilePlace, original: Stats): Promise<Variant[]> {
  const found = await Promise.all(
    mount.precompressed.map(async encoding => {
      const variantPath = path + suffixes[encoding]
      const stats = await statOf(variantPath)
      // An older one was made from an earlier content of the file.
      if (!stats?.isFile() || Math.floor(stats.mtimeMs) < Math.floor(original.mtimeMs)) return undefined
      return { encoding, path: variantPath, stats, version: 'unknown' as const }
    }),
  )
  return found.filter(variant => variant !== undefined)
}
