import { resolve } from 'node:path';
import { OAuthError } from '../../core/errors.ts';
import { readForeignJwt } from '../../core/foreign-jwt.ts';
import { clientMetadataNames, parseClientMetadata } from '../../oauth/register/client-metadata.ts';
import { invalid } from '../../oauth/software-statement/statement.ts';
import type { LoadedConfig } from '../../portcullis/load-config.ts';
import { Portcullis } from '../../portcullis/portcullis.ts';
import { displayText } from '../../web/display-text.ts';
import { readText } from '../client/document-files.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { definitions, momentJson, momentText } from '../text.ts';

const maximumBytes = 64 * 1024;

export const statementShow = defineCommand({
  name: 'statement show',
  summary: 'Show what a statement says, and if it counts.',
  details:
    'Judged by the settings, as at the registration of a client that says nothing else of itself. Opens no database and changes nothing.',
  positionals: { statement: { description: 'File with the statement.' } },
  flags: { config: dataFlags.config },
  examples: ['portcullis statement show notes.statement'],
  async run({ positionals, flags, terminal }) {
    const jwt = readText(resolve(terminal.directory, positionals.statement), maximumBytes).trim();
    const { header, claims } = read(jwt);
    const { refusal, admits } = await judged(jwt, configFor(flags, terminal));
    const time = (name: string) => (typeof claims[name] === 'number' ? claims[name] * 1000 : undefined);
    const shown = (value: unknown) => displayText(typeof value === 'string' ? value : JSON.stringify(value), '(empty)');
    const metadata = clientMetadataNames.filter((name) => claims[name] !== undefined);
    const facts: [string, string][] = [
      ['issuer', shown(claims['iss'])],
      [
        'signed with',
        `${shown(header['alg'])}, key ${header['kid'] === undefined ? '(not named)' : shown(header['kid'])}`,
      ],
      ['made', momentText(time('iat'))],
      ['valid until', momentText(time('exp'))],
      ...metadata.map((name): [string, string] => [name, shown(claims[name])]),
    ];
    const verdict =
      refusal === undefined
        ? `Taken here${admits ? ', and lets its client in' : ''}.`
        : `Refused here, ${refusal.code}: ${refusal.description}.`;
    return {
      json: {
        issuer: claims['iss'] ?? null,
        issuedAt: momentJson(time('iat')),
        expiresAt: momentJson(time('exp')),
        metadata: Object.fromEntries(metadata.map((name) => [name, claims[name]])),
        taken: refusal === undefined,
        admits,
        error: refusal?.code ?? null,
        reason: refusal?.description ?? null,
      },
      text: `${definitions(facts, terminal.columns)}\n${verdict}\n`,
    };
  },
});

function read(jwt: string) {
  try {
    return readForeignJwt(jwt, { name: 'the statement', maximumLength: maximumBytes }, invalid);
  } catch (error) {
    if (error instanceof OAuthError) throw new CommandError('usage', error.description);
    throw error;
  }
}

interface Verdict {
  readonly refusal: OAuthError | undefined;
  readonly admits: boolean;
}

/** As a server with these settings would judge it: one whose database vanishes. */
async function judged(
  jwt: string,
  { portcullis: { masterKeyFile: _file, ...config } }: LoadedConfig,
): Promise<Verdict> {
  const portcullis = await Portcullis.open({ ...config, database: ':memory:' });
  try {
    return await judgedBy(portcullis, jwt);
  } finally {
    await portcullis.close();
  }
}

async function judgedBy(provider: Portcullis, jwt: string): Promise<Verdict> {
  if (!provider.softwareStatements.areTaken)
    throw new CommandError(
      'failure',
      'no software statements are taken here: softwareStatements.issuers lists nobody',
      'pin the keys of the publisher: see portcullis statement keys --help',
    );
  try {
    const { metadata, statement } = await provider.softwareStatements.apply({ software_statement: jwt });
    parseClientMetadata(metadata, provider);
    return { refusal: undefined, admits: statement?.admits ?? false };
  } catch (error) {
    if (error instanceof OAuthError) return { refusal: error, admits: false };
    throw error;
  }
}
