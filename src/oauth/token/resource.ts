import { OAuthError } from '../../core/errors.ts';
import type { ResourceUri } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import { canonicalResource } from '../../core/urls.ts';
import type { OAuthProvider } from '../../provider.ts';

/**
 * The resource that a request is for: what it names, or the server's own where it names none.
 * @throws OAuthError `invalid_target`
 * @see RFC 8707 §2
 */
export function requestedResource(params: Params, provider: OAuthProvider): ResourceUri {
  const own = provider.settings.resource;
  const value = params.get('resource');
  if (value === undefined) return own;
  const requested = canonicalResource(value);
  // A query after the resource's path names the same MCP endpoint; some clients append one.
  if (requested !== undefined && requested.split('?', 1)[0] === own) return own;
  throw new OAuthError('invalid_target', `resource '${value}' is not served here; use ${own}`);
}
