import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OAuthError } from '../../core/errors.ts';
import type { ClientKeys } from '../../core/records.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { CommandError } from '../failures.ts';
import type { Terminal } from '../terminal.ts';

const maximumBytes = 64 * 1024;

/** Flags by which the keys of a client are named. */
export const keyFlags = {
  jwks: {
    value: 'FILE',
    description: 'Its public keys, as a JWK Set or one JWK: it signs assertions (private_key_jwt).',
  },
  'jwks-uri': { value: 'URL', description: 'Where its public keys are fetched from instead; needs egress.' },
} as const;

interface KeyFlagValues {
  readonly jwks?: string | undefined;
  readonly 'jwks-uri'?: string | undefined;
}

/** The key members of client metadata that the flags stand for; none where neither is given. */
export function keyMetadata(flags: KeyFlagValues, terminal: Terminal): Readonly<Record<string, unknown>> {
  const { jwks, 'jwks-uri': uri } = flags;
  if (jwks !== undefined && uri !== undefined) throw new CommandError('usage', 'name either --jwks or --jwks-uri');
  return {
    ...(jwks === undefined ? {} : { jwks: keySetIn(jwks, terminal) }),
    ...(uri === undefined ? {} : { jwks_uri: uri }),
  };
}

/**
 * The keys that the flags name, checked.
 * @throws CommandError where they cannot be used
 */
export function clientKeys(flags: KeyFlagValues, portcullis: Portcullis, terminal: Terminal): ClientKeys {
  const { jwks, jwks_uri: uri } = keyMetadata(flags, terminal);
  const method = portcullis.clientAuthenticationMethods.get('private_key_jwt');
  if (method?.keysOf === undefined) throw new CommandError('failure', 'private_key_jwt is not supported');
  try {
    return method.keysOf(
      { jwks, jwksUri: typeof uri === 'string' ? uri : undefined, signingAlgorithm: undefined },
      portcullis,
    );
  } catch (error) {
    if (error instanceof OAuthError) throw new CommandError('usage', error.description);
    throw error;
  }
}

function keySetIn(file: string, { directory }: Terminal): unknown {
  const path = resolve(directory, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError('usage', `--jwks ${file} cannot be read: ${(error as Error).message}`);
  }
  if (text.length > maximumBytes)
    throw new CommandError('usage', `--jwks ${file} is larger than ${maximumBytes} bytes`);
  try {
    const parsed: unknown = JSON.parse(text);
    const isOneKey = typeof parsed === 'object' && parsed !== null && 'kty' in parsed;
    return isOneKey ? { keys: [parsed] } : parsed;
  } catch {
    throw new CommandError('usage', `--jwks ${file} is not JSON`, 'give a JWK Set: {"keys":[…]}');
  }
}
