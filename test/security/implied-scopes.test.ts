import { describe, expect, it } from 'vitest';
import { consentPageIn, openConsent } from '../support/consent.ts';

const scopes = {
  read: { title: 'Read notes', tools: ['list_notes'] },
  share: { title: 'Share notes', implies: ['read'], tools: ['share_note'] },
  manage: { title: 'Manage notes', implies: ['share'] },
};

describe('an app that asks for a scope with harmless words, which implies others', () => {
  it.each([
    ['share', ['share_note', 'list_notes']],
    ['manage', ['share_note', 'list_notes']],
    ['read', ['list_notes']],
  ])('shows the user every tool that %s opens [PITFALL-12]', async (scope, tools) => {
    const harness = await openConsent({ scopes, requiredScopes: [] });
    const client = await harness.client({ scope: 'read share manage' });
    const device = harness.device();
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization({ scope }).url);
    const shown = [...page.html.matchAll(/<code>(\w+)<\/code>/g)].map(([, name]) => name);
    expect(shown.toSorted()).toEqual(tools.toSorted());
  });
});
