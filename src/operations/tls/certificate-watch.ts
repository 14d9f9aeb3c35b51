import { type Certificate, type CertificateFiles, fingerprintOf, readCertificate } from './certificate.ts';

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  /** The files' fingerprint when the certificate in use was read. */
  readonly known: string;
  /** Puts a new certificate to use. */
  readonly onReplaced: (certificate: Certificate) => void;
  /** Told once for each new pair that cannot be used; the previous one stays. */
  readonly onBroken: (error: unknown) => void;
  /** Milliseconds between two looks at the files. Default: 2000. */
  readonly interval?: number;
}

/**
 * Notices that certificate files were replaced, by looking at them again and again: notifications of the file system do
 * not reach through symbolic links and mounted volumes, which is how renewed certificates arrive.
 */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #current: string;
  #refused: string | undefined;
  #reported: string | undefined;

  /** Starts at once. */
  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#current = options.known;
    this.#timer = setInterval(() => this.#look(), options.interval ?? 2000).unref();
  }

  /** Reads the files now, changed or not. */
  reload(): void {
    try {
      this.#replace(fingerprintOf(this.#options.files));
    } catch (error) {
      this.#options.onBroken(error);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  // The two files are not replaced in one step, so a pair that does not fit is given until the next look.
  #look(): void {
    let fingerprint = 'unreadable';
    try {
      fingerprint = fingerprintOf(this.#options.files);
      if (fingerprint !== this.#current && fingerprint !== this.#reported) this.#replace(fingerprint);
    } catch (error) {
      if (this.#refused === fingerprint) this.#report(fingerprint, error);
      this.#refused = fingerprint;
    }
  }

  #replace(fingerprint: string): void {
    this.#options.onReplaced(readCertificate(this.#options.files));
    this.#current = fingerprint;
    this.#refused = undefined;
    this.#reported = undefined;
  }

  #report(fingerprint: string, error: unknown): void {
    if (this.#reported !== fingerprint) this.#options.onBroken(error);
    this.#reported = fingerprint;
  }
}
