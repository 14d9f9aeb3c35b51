import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock.ts';
import { FetchBudgets } from './budgets.ts';
import { EgressError } from './errors.ts';

function budgets() {
  const clock = new ManualClock();
  const policy = {
    budgetWindow: 60_000,
    originBudget: { concurrent: 2, requests: 5 },
    totalBudget: { concurrent: 4, requests: 20 },
  };
  return { clock, budgets: new FetchBudgets(policy, clock) };
}

const busy = expect.objectContaining({ code: 'busy', wasRefused: true });

function refusal(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof EgressError) return error;
    throw error;
  }
}

describe('the budgets', () => {
  it('let so many run at once for one origin, and more when one has ended', () => {
    const { budgets: all } = budgets();
    const release = all.take('client_metadata', 'https://a.example');
    all.take('client_metadata', 'https://a.example');
    expect(refusal(() => all.take('client_metadata', 'https://a.example'))).toEqual(busy);
    release();
    all.take('client_metadata', 'https://a.example');
  });

  it('let so many begin within any window for one origin', () => {
    const { budgets: all, clock } = budgets();
    for (let count = 0; count < 5; count += 1) {
      all.take('client_metadata', 'https://a.example')();
      clock.advance(10_000);
    }
    expect(refusal(() => all.take('client_metadata', 'https://a.example'))).toEqual(busy);
    clock.advance(10_000);
    all.take('client_metadata', 'https://a.example')();
    expect(refusal(() => all.take('client_metadata', 'https://a.example'))).toEqual(busy);
  });

  it('hold in total over any number of origins, and a purpose does not use up what is another one’s', () => {
    const { budgets: all } = budgets();
    const takeMany = () =>
      Array.from({ length: 1000 }, (_, index) =>
        refusal(() => all.take('client_metadata', `https://a${index}.example`)()),
      ).filter((refused) => refused === undefined).length;
    expect(takeMany()).toBe(20);
    all.take('issuer_keys', 'https://idp.example')();
  });

  it('are not renewed by drowning an origin in others', () => {
    const { budgets: all } = budgets();
    const attempt = (origin: string) => refusal(() => all.take('client_metadata', origin)()) === undefined;
    for (let count = 0; count < 5; count += 1) attempt('https://a.example');
    for (let index = 0; index < 100; index += 1) attempt(`https://b${index}.example`);
    expect(attempt('https://a.example')).toBe(false);
  });
});
