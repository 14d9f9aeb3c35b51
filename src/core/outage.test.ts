import { expect, it } from 'vitest';
import { DatabaseError, databaseErrorCodes } from '../storage/errors.ts';
import { failureAnswer } from './outage.ts';

it('a failure that may pass is answered with 503 and when to try again, every other one with 500', () => {
  const answers = databaseErrorCodes.map((code) => {
    const { status, code: told, headers } = failureAnswer(new DatabaseError(code, 'x', { hint: 'y' }));
    return [code, status, told, headers['retry-after']];
  });
  expect(answers).toEqual([
    ['busy', 503, 'temporarily_unavailable', '1'],
    ['full', 503, 'temporarily_unavailable', '10'],
    ['io', 503, 'temporarily_unavailable', '10'],
    ['readonly', 503, 'temporarily_unavailable', '10'],
    ['corrupt', 500, 'server_error', undefined],
    ['unreachable', 503, 'temporarily_unavailable', '10'],
    ['constraint', 500, 'server_error', undefined],
    ['statement', 500, 'server_error', undefined],
    ['closed', 503, 'temporarily_unavailable', '10'],
    ['unsupported', 500, 'server_error', undefined],
    ['migration', 500, 'server_error', undefined],
  ]);
});

it('nothing of the failure is told, and nothing that is thrown breaks the answer', () => {
  for (const thrown of [new Error('secret'), 'secret', undefined, null, { retryAfterSeconds: 1 }]) {
    const { status, description } = failureAnswer(thrown);
    expect(status).toBe(500);
    expect(description).not.toContain('secret');
  }
  expect(failureAnswer(new DatabaseError('full', '/var/lib/secret', { hint: '' })).description).not.toContain('secret');
});
