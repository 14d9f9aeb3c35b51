import { OAuthError } from '../../core/errors.ts';
import { maximumFormBytes, mediaType, readBody } from '../../core/http.ts';

/**
 * Client metadata as sent.
 * @throws OAuthError `invalid_client_metadata` where it is not JSON, with status 413 where it is too long
 */
export async function jsonBody(request: Request): Promise<unknown> {
  if (mediaType(request) !== 'application/json') {
    throw new OAuthError('invalid_client_metadata', 'send the client metadata as application/json');
  }
  const text = await readBody(request, maximumFormBytes).catch((error: unknown) => {
    if (error instanceof OAuthError && error.status === 400)
      throw new OAuthError('invalid_client_metadata', error.description);
    throw error;
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new OAuthError('invalid_client_metadata', 'the body is not valid JSON');
  }
}
