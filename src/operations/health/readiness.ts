/** Whether the server wants new requests. */
export class Readiness {
  #ended = false;

  /** From now on it does not: it is about to stop. */
  end(): void {
    this.#ended = true;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }
}
