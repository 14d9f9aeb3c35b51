import { parseScope } from '../core/scopes.ts';
import { nearest } from '../portcullis/nearest.ts';
import type { OAuthProvider } from '../provider.ts';
import { CommandError } from './failures.ts';

/**
 * Reads scopes that were typed: separated by spaces or commas, in one word or several.
 * @throws CommandError for one that the configuration does not declare, where it declares any
 */
export function scopesFrom(words: readonly string[], provider: OAuthProvider): readonly string[] {
  const scopes = parseScope(words.join(' ').replaceAll(',', ' '));
  if (scopes === undefined)
    throw new CommandError('usage', 'scope names are printable ASCII without spaces, quotes and back-slashes');
  const known = provider.resources.scopeNames;
  for (const scope of known.length === 0 ? [] : scopes) {
    if (known.includes(scope)) continue;
    const suggestion = nearest(scope, known);
    throw new CommandError(
      'usage',
      `there is no scope '${scope}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
      `this server's scopes: ${known.join(' ')}`,
    );
  }
  return scopes;
}

/** What is to be told of scopes that were typed where the configuration declares none. */
export function uncheckedNote(scopes: readonly string[] | undefined, provider: OAuthProvider): string {
  if (scopes === undefined || scopes.length === 0 || provider.scopes.names.length > 0) return '';
  return 'Nobody has checked the names of the scopes: this configuration declares none.\n';
}
