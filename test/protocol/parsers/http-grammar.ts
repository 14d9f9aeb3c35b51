/** One challenge of a `WWW-Authenticate` header. */
export interface ReadChallenge {
  readonly scheme: string;
  /** In the order sent. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const tokenCharacters = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * Reads `WWW-Authenticate` by the grammar alone: `1#( auth-scheme [ 1*SP ( token68 / #auth-param ) ] )`. It knows no scheme
 * and forgives nothing.
 * @throws Error where the text is not of the grammar
 * @see RFC 9110 §5.6, §11.2, §11.6.1
 */
export function readChallenges(header: string): readonly ReadChallenge[] {
  const reader = new Reader(header);
  const challenges: { scheme: string; parameters: [string, string][] }[] = [];
  do {
    reader.skipBlanks();
    const word = reader.token();
    if (reader.peek() === '=') {
      // RFC 9110 §11.6.1: a comma separates parameters and challenges alike; a name and `=` go on with the one before.
      const current = challenges.at(-1);
      if (current === undefined) throw new Error('a parameter without a challenge');
      current.parameters.push([word, reader.value()]);
    } else {
      const parameters: [string, string][] = [];
      challenges.push({ scheme: word, parameters });
      if (reader.skipBlanks() > 0 && reader.peek() !== '' && reader.peek() !== ',')
        parameters.push([reader.token(), reader.value()]);
    }
    reader.skipBlanks();
  } while (reader.take(','));
  if (reader.peek() !== '') throw new Error(`text after the end: ${reader.rest()}`);
  return challenges;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  peek(): string {
    return this.#text[this.#at] ?? '';
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }

  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  skipBlanks(): number {
    const start = this.#at;
    while (this.peek() === ' ' || this.peek() === '\t') this.#at += 1;
    return this.#at - start;
  }

  token(): string {
    const start = this.#at;
    while (this.peek() !== '' && tokenCharacters.test(this.peek())) this.#at += 1;
    if (this.#at === start) throw new Error(`a token is expected: ${this.rest()}`);
    return this.#text.slice(start, this.#at);
  }

  /** `=` and a token or quoted string. */
  value(): string {
    if (!this.take('=')) throw new Error(`= is expected: ${this.rest()}`);
    if (!this.take('"')) return this.token();
    let value = '';
    while (!this.take('"')) {
      const isQuoted = this.take('\\');
      const character = this.peek();
      const isAllowed = isQuoted ? /[\t\x20-\x7e\x80-\xff]/ : /[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]/;
      if (!isAllowed.test(character)) throw new Error(`not part of a quoted string: ${this.rest()}`);
      this.#at += 1;
      value += character;
    }
    return value;
  }
}
