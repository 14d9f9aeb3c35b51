import { clientSnippets } from '../identity/home/home.ts';
import type { Portcullis } from '../portcullis/portcullis.ts';
import { databaseShown } from './database-shown.ts';
import type { Style } from './terminal.ts';
import { padded } from './text.ts';

/** What is worth telling when a server has started. */
export interface StartFacts {
  readonly name: string;
  readonly mcpUrl: string;
  /** MCP endpoints of further resources, by their names in the configuration. */
  readonly furtherEndpoints: Readonly<Record<string, string>>;
  readonly signInUrl: string;
  readonly accountUrl: string;
  readonly issuer: string;
  /** One-time link to make the first administrator. */
  readonly setupUrl: string | undefined;
  readonly database: string;
  /** How long one password takes to hash here. */
  readonly passwordHashMilliseconds: number;
  readonly clients: readonly { readonly name: string; readonly snippet: string }[];
}

/** Gathers them: measures a password hash, and makes a new set-up link where there is no administrator. */
export async function startFacts(portcullis: Portcullis): Promise<StartFacts> {
  const { config, settings, services, resources } = portcullis;
  const { paths, passwords, siteName } = services;
  const pageUrl = (path: string) => new URL(path, settings.baseUrl).href;
  const passwordHashMilliseconds = Math.round(await passwords.measure());
  return {
    name: siteName,
    mcpUrl: settings.resource,
    furtherEndpoints: Object.fromEntries(
      resources.served.filter((each) => each !== resources.default).map(({ key, uri }) => [key, uri]),
    ),
    signInUrl: pageUrl(paths.signIn),
    accountUrl: pageUrl(paths.account),
    issuer: settings.issuer,
    setupUrl: await portcullis.setupUrl(),
    database: databaseShown(config.database),
    passwordHashMilliseconds,
    clients: clientSnippets(siteName, settings.resource),
  };
}

export interface BannerOptions {
  /** Receives the text. Default: standard output. */
  readonly write?: (text: string) => void;
  readonly style?: Style;
  /** Sentences that the operator should read. */
  readonly warnings?: readonly string[];
}

/**
 * Tells the person who started a server where it is, how to make the first administrator, and what to paste into clients.
 * The set-up link is a secret: it is written here only.
 */
export async function printBanner(portcullis: Portcullis, options: BannerOptions = {}): Promise<void> {
  const { write = (text: string) => void process.stdout.write(text) } = options;
  write(bannerText(await startFacts(portcullis), options));
}

/** The banner as text. */
export function bannerText(
  facts: StartFacts,
  { style = (_, text) => text, warnings = [] }: BannerOptions = {},
): string {
  const row = (label: string, value: string) => `  ${style('dim', padded(label, 15))}${value}\n`;
  const setup =
    facts.setupUrl === undefined
      ? ''
      : `\n${style('bold', 'First, make an administrator')} ${style('dim', '(this link works once)')}\n  ${style('cyan', facts.setupUrl)}\n`;
  return [
    `\n${style('bold', facts.name)} is running, with Portcullis at the gate.\n\n`,
    row('MCP endpoint', style('cyan', facts.mcpUrl)),
    ...Object.entries(facts.furtherEndpoints).map(([key, url]) => row(`  ${key}`, style('cyan', url))),
    row('Sign in', style('cyan', facts.signInUrl)),
    row('Your account', style('cyan', facts.accountUrl)),
    row('Database', facts.database === ':memory:' ? 'in memory: gone when the server stops' : facts.database),
    row('Passwords', `argon2id, ${facts.passwordHashMilliseconds} ms each`),
    setup,
    `\n${style('bold', 'Connect a client')}\n`,
    ...facts.clients.map(({ name, snippet }) => row(name, snippet)),
    ...warnings.map((warning) => `\n${style('yellow', 'Warning:')} ${warning}\n`),
    `\n${style('dim', 'Ctrl+C stops it.')}\n\n`,
  ].join('');
}
