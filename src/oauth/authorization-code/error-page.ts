import type { OAuthError } from '../../core/errors.ts';
import { privateJson } from '../../core/http.ts';
import { textResponse } from '../../core/text-response.ts';
import type { OAuthProvider } from '../../provider.ts';

/**
 * The direct answer to an authorization request that cannot be redirected: a page for browsers, JSON for programs, and
 * for clients whose registration is gone a pointer to where they can register again.
 */
export function unknownClientResponse(request: Request, error: OAuthError, provider: OAuthProvider): Response {
  const headers = registrationHint(provider);
  if (!(request.headers.get('accept') ?? '').includes('text/html')) return errorJson(error, provider);
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Authorization error</title><h1>This request cannot be completed</h1><p>${escapeHtml(error.description)}</p><p>Go back to the application and connect again.</p></html>`;
  return textResponse(html, {
    status: error.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      ...error.headers,
      ...headers,
    },
  });
}

/** The same answer for programs. */
export function errorJson(error: OAuthError, provider: OAuthProvider): Response {
  return privateJson(
    {
      error: error.code,
      error_description: error.description,
      ...(provider.settings.registration.enabled ? { registration_endpoint: provider.endpointUrl('register') } : {}),
    },
    { status: error.status, headers: { ...error.headers, ...registrationHint(provider) } },
  );
}

/** A `Link` to the registration endpoint, where clients may register. */
export function registrationHint(provider: OAuthProvider): Record<string, string> {
  return provider.settings.registration.enabled
    ? { link: `<${provider.endpointUrl('register')}>; rel="register"` }
    : {};
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
