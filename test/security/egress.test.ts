import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createFetcher, type EgressSettings } from '../../src/core/egress/create.ts';
import type { Resolver } from '../../src/core/egress/resolve.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import { answerJson, startOutsideHost } from '../support/outside-host.ts';

async function outside(listener: Parameters<typeof startOutsideHost>[1]) {
  const host = await startOutsideHost('client.example', listener);
  onTestFinished(() => host.close());
  return host;
}

function fetcherWith(settings: EgressSettings, resolver?: Resolver) {
  const events: SecurityEvent[] = [];
  const clock = new ManualClock();
  const fetcher = createFetcher(settings, { clock, report: (event) => events.push(event), resolver });
  if (fetcher === undefined) throw new Error('egress is off');
  return { fetcher, events, clock };
}

test('a document of an excepted host is fetched', async () => {
  const host = await outside(answerJson({ a: 1 }));
  const { fetcher, events } = fetcherWith({ privateHosts: [host.exception] }, host.resolver);
  const { text } = await fetcher.fetch({ url: `${host.origin}/a.json`, purpose: 'client_metadata' });
  expect(JSON.parse(text)).toEqual({ a: 1 });
  expect(events).toEqual([
    {
      name: 'egress.fetched',
      host: new URL(host.origin).host,
      purpose: 'client_metadata',
      outcome: 'fetched',
      duration: 0,
    },
  ]);
});
