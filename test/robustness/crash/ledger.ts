import type { TestBrowser } from '../../../src/testing/test-browser.ts';

/** What is known of something that the server keeps: for sure, or not since an answer got lost. */
export type Certainty = 'live' | 'ended' | 'unsure';

export interface RegisteredApp {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly authMethod: 'none' | 'client_secret_basic' | 'client_secret_post';
  state: Certainty;
}

/** A secret that works once, and how often it worked. */
export interface OneTime {
  readonly secret: string;
  wins: number;
}

/** One person's approval of one app, from its code on. */
export interface Connection {
  readonly app: RegisteredApp;
  readonly verifier: string;
  readonly code: OneTime;
  readonly issuedAt: number;
  /** Whether the code was answered with tokens: `live` while it waits, `ended` once it is spent. */
  codeState: Certainty;
  /** Everything that came of the code. */
  state: Certainty;
  readonly accessTokens: string[];
  /** The last one is the present one. */
  readonly refreshTokens: OneTime[];
  /** A rotation's answer got lost: the present token may be spent. */
  isRotationUnsure: boolean;
}

/** An authorization request that was accepted and not yet decided. */
export interface Waiting {
  readonly app: RegisteredApp;
  readonly verifier: string;
  readonly page: URL;
}

export interface Person {
  readonly name: string;
  password: string;
  readonly browser: TestBrowser;
  account: 'active' | 'disabled' | 'deleted';
  session: Certainty;
  readonly connections: Connection[];
  waiting: Waiting | undefined;
  /** Somebody is at it: what others expect of it would not hold. */
  isBusy: boolean;
  /** Changed since it was last verified. */
  isTouched: boolean;
}

/** What went wrong, by kind; all of it must stay empty. */
export interface Violations {
  readonly lost: string[];
  readonly spentTwice: string[];
  readonly cameBack: string[];
  readonly unclean: string[];
}

/** What the server has acknowledged, and what was found afterwards. */
export class Ledger {
  readonly people: Person[] = [];
  /** How many names were given out. */
  names = 0;
  readonly apps: RegisteredApp[] = [];
  readonly acknowledged = new Map<string, number>();
  readonly checked = new Map<string, number>();
  readonly violations: Violations = { lost: [], spentTwice: [], cameBack: [], unclean: [] };

  acknowledge(what: string): void {
    this.acknowledged.set(what, (this.acknowledged.get(what) ?? 0) + 1);
  }

  /** How many acknowledgements there were. */
  get total(): number {
    return [...this.acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Notes a check and, where it failed, the violation. */
  check(what: string, kind: keyof Violations, holds: boolean, detail: () => string): void {
    this.checked.set(what, (this.checked.get(what) ?? 0) + 1);
    if (!holds) this.violations[kind].push(`${what}: ${detail()}`);
  }

  /** Notes that a one-time secret worked. */
  win(secret: OneTime, what: string): void {
    secret.wins += 1;
    this.check(what, 'spentTwice', secret.wins === 1, () => `worked ${secret.wins} times`);
  }
}

/** Ends everything of a person's that hangs on the account. */
export function endEverything(person: Person): void {
  person.session = 'ended';
  for (const connection of person.connections) connection.state = 'ended';
}
