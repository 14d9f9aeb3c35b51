import { expect, it } from 'vitest';
import { ManualClock } from '../../core/clock.ts';
import { InMemoryProvider } from '../../in-memory/index.ts';
import { published } from './published.ts';

const clock = new ManualClock();
const provider = () => new InMemoryProvider({ baseUrl: 'https://mcp.example.com' }, { clock });

function counting() {
  let times = 0;
  const answer = published(() => ({ times: ++times }));
  return async (of: InMemoryProvider, path = '/a') =>
    (await (await answer(new Request(`https://mcp.example.com${path}`), of, {})).json()) as { times: number };
}

it('a document is built once a second, however often it is asked for', async () => {
  const ask = counting();
  const one = provider();
  expect(await ask(one)).toEqual({ times: 1 });
  clock.advance(999);
  expect(await ask(one)).toEqual({ times: 1 });
  clock.advance(1);
  expect(await ask(one)).toEqual({ times: 2 });
});

it('a document is built anew when the clock is set back', async () => {
  const ask = counting();
  const one = provider();
  expect(await ask(one)).toEqual({ times: 1 });
  clock.advance(-3_600_000);
  expect(await ask(one)).toEqual({ times: 2 });
});

it('each provider has its own, at each path', async () => {
  const ask = counting();
  const one = provider();
  expect(await ask(one)).toEqual({ times: 1 });
  expect(await ask(provider())).toEqual({ times: 2 });
  expect(await ask(one, '/b')).toEqual({ times: 3 });
  expect(await ask(one)).toEqual({ times: 1 });
});
