import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { algorithmOf, keyIdOf } from '../../oauth/client-metadata/bundle.ts';
import { clientMetadataNames } from '../../oauth/register/client-metadata.ts';
import { signStatement } from '../../oauth/software-statement/sign.ts';
import { nearest } from '../../portcullis/nearest.ts';
import { readPrivateKey } from '../client/bundle-keys.ts';
import { readText } from '../client/document-files.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { definitions, momentJson, momentText } from '../text.ts';

const day = 86_400_000;
const usualDays = 365;
const longestDays = 3650;
const maximumBytes = 64 * 1024;

export const statementSign = defineCommand({
  name: 'statement sign',
  summary: 'Sign a software statement of a client.',
  details:
    'A software statement (RFC 7591) is client metadata that a publisher vouches for. Every copy of the software brings it when it registers, and what it sets the client cannot say otherwise. It is no secret: whoever has it can register with it, so let it set redirect_uris. Needs no database and no configuration.',
  positionals: { metadata: { description: 'File with the client metadata, as a JSON object.' } },
  flags: {
    key: { value: 'FILE', description: 'Private key in PEM form: Ed25519, EC on P-256, or RSA of 2048 bits or more.' },
    issuer: { value: 'NAME', description: 'The iss: the name by which servers know the publisher, such as its URL.' },
    audience: { value: 'URL', description: 'Issuer of the one server that it is for (default: every server).' },
    days: {
      value: 'DAYS',
      description: `How long clients may register with it (default: ${usualDays}, at most ${longestDays}).`,
    },
    out: { value: 'FILE', description: 'Where to write it (default: it is printed).' },
  },
  examples: ['portcullis statement sign notes.json --key publisher.pem --issuer https://publisher.example'],
  async run({ positionals, flags, terminal }) {
    const { key, issuer, audience, out } = flags;
    if (key === undefined) throw missing('--key');
    if (issuer === undefined) throw missing('--issuer');
    if (!/^[\x21-\x7e]{1,500}$/.test(issuer))
      throw new CommandError('usage', `--issuer '${issuer}' must be printable characters without spaces`);
    const days = daysOf(flags.days ?? String(usualDays));
    const metadata = metadataIn(resolve(terminal.directory, positionals.metadata));
    const privateKey = readPrivateKey(resolve(terminal.directory, key));
    const publicKey = createPublicKey(privateKey);
    const keyId = keyIdOf(publicKey);
    const issuedAt = systemClock.now();
    const expiresAt = issuedAt + days * day;
    const statement = await signStatement(
      metadata,
      { issuer, audience, issuedAt, expiresAt },
      { privateKey, algorithm: algorithmOf(publicKey), keyId },
    );
    const facts: [string, string][] = [
      ['issuer', issuer],
      ['sets', Object.keys(metadata).join(', ')],
      ['valid until', `${momentText(expiresAt)} UTC`],
      ['signed by key', keyId],
    ];
    const path = out === undefined ? undefined : resolve(terminal.directory, out);
    if (path !== undefined) write(path, statement);
    return {
      json: { statement, file: path ?? null, issuer, signedBy: keyId, expiresAt: momentJson(expiresAt) },
      text: `${path === undefined ? statement : `Signed in ${path}.`}\n\n${definitions(facts, terminal.columns)}`,
    };
  },
});

/** @throws CommandError where a member is not understood: nobody would see that it was passed over */
function metadataIn(path: string): Readonly<Record<string, unknown>> {
  const metadata = objectIn(path);
  const unknown = Object.keys(metadata).find((name) => !clientMetadataNames.includes(name));
  if (unknown !== undefined) {
    const suggestion = nearest(unknown, clientMetadataNames);
    throw new CommandError(
      'usage',
      `${path}: '${unknown}' is no client metadata${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
      `a statement may set ${clientMetadataNames.join(', ')}`,
    );
  }
  if (metadata['redirect_uris'] === undefined)
    throw new CommandError(
      'usage',
      `${path}: redirect_uris is missing, so whoever has the statement could choose them`,
    );
  return metadata;
}

function objectIn(path: string): Readonly<Record<string, unknown>> {
  const text = readText(path, maximumBytes);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Told below.
  }
  throw new CommandError('usage', `${path} is not a JSON object with client metadata`);
}

function daysOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= longestDays) return Number(text);
  throw new CommandError('usage', `--days '${text}' is not a whole number from 1 to ${longestDays}`);
}

function missing(flag: string): CommandError {
  return new CommandError('usage', `${flag} is missing`, 'see: portcullis statement sign --help');
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`);
  } catch (error) {
    throw new CommandError('failure', `${path} cannot be written: ${(error as Error).message}`);
  }
}
