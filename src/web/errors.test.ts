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
