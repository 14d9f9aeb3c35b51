import { expect, it } from 'vitest';
import { OAuthError, oauthErrorCodes } from '../core/errors.ts';
import { authorizationErrorPage } from './errors.ts';

it.each(oauthErrorCodes)(
  'an authorization error %s tells a person what to do and a developer what was wrong',
  (code) => {
    const page = String(
      authorizationErrorPage({
        site: { name: 'Notes' },
        error: new OAuthError(code, 'what <b>was</b> wrong', { hint: 'for the operator' }),
        requestId: 'ref-1',
      }),
    );
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page).toContain(`${code}: what &lt;b&gt;was&lt;/b&gt; wrong`);
    expect(page).toContain('<code>ref-1</code>');
    expect(page).not.toContain('for the operator');
  },
);

it.each([
  ['client_id', 'This app is not known here'],
  ['redirect_uri', 'This app sent a wrong return address'],
  ['state', 'This app sent a request that cannot be answered'],
])('an invalid %s gets a page of its own where the person can do something about it', (parameter, title) => {
  const error = new OAuthError('invalid_request', 'wrong', { parameter });
  expect(String(authorizationErrorPage({ site: { name: 'Notes' }, error }))).toContain(`<h1>${title}</h1>`);
});
