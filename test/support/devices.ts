import { expect } from 'vitest';
import { deviceCodeGrant } from '../../src/oauth/token/device-clients.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import type { TestPage } from '../../src/testing/test-browser.ts';
import { formPost, type Parameters, type StartedDevice, type TestClient } from '../../src/testing/test-client.ts';
import { type ConsentHarness, type Device, openConsent } from './consent.ts';
import { onPage, origin } from './identity.ts';
import { testLimits } from './portcullis-harness.ts';

/** Of a form: its CSRF token, and what else is in it. */
export interface Fields extends Record<string, string> {
  readonly csrf_token: string;
}

/** A server on which everybody may use devices, with users `ada` and `bob`. */
export interface DeviceHarness extends ConsentHarness {
  /** A public client that may authorize by device. */
  readonly tv: (metadata?: Readonly<Record<string, unknown>>) => Promise<TestClient>;
}

export async function openDevices(config: PortcullisConfig = {}): Promise<DeviceHarness> {
  const harness = await openConsent({
    ...config,
    deviceAuthorization: {
      ...testLimits.deviceAuthorization,
      enabled: true,
      clients: 'all',
      ...config.deviceAuthorization,
    },
  });
  return {
    ...harness,
    tv: (metadata) =>
      harness.client({
        metadata: {
          client_name: 'Living Room',
          grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
          ...metadata,
        },
      }),
  };
}

/** Posts a form of a page, following nothing. */
export function postTo(
  browser: Device,
  path: string,
  fields: Parameters,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return browser.send(
    formPost(`${origin}${path}`, fields, { accept: 'text/html', origin, 'sec-fetch-site': 'same-origin', ...headers }),
  );
}

/** The page on which a signed-in user decides, after the code was entered. */
export async function enterCode(browser: Device, userCode: string): Promise<TestPage> {
  const tab = browser.tab();
  await tab.visit(`${origin}/device`);
  const page = onPage(await tab.submit({ user_code: userCode }));
  expect([page.status, page.html.includes('name="decision"')], page.html.slice(-2500)).toEqual([200, true]);
  return page;
}

/** The fields of the form that posts the decision, as the page has them. */
export function decisionFields({ html }: Pick<TestPage, 'html'>): Fields {
  return fieldsOf(html, '/device/decision');
}

/** The fields of the form that posts the code, as a new page has them. */
export async function codeFields(browser: Device): Promise<Fields> {
  return fieldsOf(await (await browser.get('/device')).text(), '/device');
}

function fieldsOf(html: string, action: string): Fields {
  const form = html.split('<form ').find((part) => part.includes(`action="${action}"`)) ?? '';
  const fields = form.matchAll(/<input type="(?:hidden|checkbox)"(?: id="[^"]*")? name="([^"]*)" value="([^"]*)"/g);
  const { csrf_token = '', ...rest } = Object.fromEntries(
    [...fields].map(([, name = '', value = '']) => [name, value]),
  );
  return { csrf_token, ...rest };
}

/** Takes a device to its tokens: `ada` allows all. */
export async function allowAll(browser: Device, device: StartedDevice): Promise<Response> {
  const page = await enterCode(browser, device.userCode);
  return postTo(browser, '/device/decision', { ...decisionFields(page), decision: 'allow' });
}
