import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSchema } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import type { ClientId } from '../../core/ids.ts';
import { systemRandom } from '../../core/random.ts';
import { Retention } from '../../operations/retention/retention.ts';
import { retentionRules, tasksFor } from '../../operations/retention/rules.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import type { ClientBundle } from './bundle.ts';
import { ImportedDocuments } from './imported-documents.ts';

const day = 86_400_000;
let database: DatabaseWithDialect;
let clock: ManualClock;
let documents: ImportedDocuments;

beforeEach(async () => {
  database = await openSchema();
  clock = new ManualClock();
  documents = new ImportedDocuments(database, clock, systemRandom);
});
afterEach(() => database.close());

function documentOf(name: string, text = '{}') {
  return { clientId: `https://${name}.example/c` as ClientId, text };
}

function bundleOf(sequence: number, names: readonly string[], changes: Partial<ClientBundle> = {}): ClientBundle {
  return {
    name: 'clients',
    sequence,
    issuedAt: clock.now(),
    expiresAt: clock.now() + 30 * day,
    documents: names.map((name) => documentOf(name, JSON.stringify({ sequence }))),
    ...changes,
  };
}

const ids = async () => (await documents.list()).map(({ clientId }) => new URL(clientId).hostname.split('.')[0]);

describe('imported documents', () => {
  it('are found by their URL, and replaced by later ones', async () => {
    await documents.add([documentOf('a', '1'), documentOf('b', '2')]);
    await documents.add([documentOf('b', '3')]);
    expect(await documents.find('https://a.example/c' as ClientId)).toBe('1');
    expect(await documents.find('https://b.example/c' as ClientId)).toBe('3');
    expect(await documents.find('https://c.example/c' as ClientId)).toBeUndefined();
    expect(await documents.remove('https://a.example/c' as ClientId)).toBe(true);
    expect(await documents.remove('https://a.example/c' as ClientId)).toBe(false);
    expect(await ids()).toEqual(['b']);
  });

  it('of a bundle take the place of those of the one before, and of no others', async () => {
    await documents.add([documentOf('own')]);
    expect(await documents.addBundle(bundleOf(1, ['a', 'b']), 'k')).toEqual({ outcome: 'imported', removed: 0 });
    await documents.addBundle(bundleOf(1, ['x'], { name: 'others' }), 'k');
    expect(await documents.addBundle(bundleOf(2, ['b', 'c']), 'k')).toEqual({ outcome: 'imported', removed: 1 });
    expect(await ids()).toEqual(['b', 'c', 'own', 'x']);
    expect(await documents.addBundle(bundleOf(3, []), 'k')).toEqual({ outcome: 'imported', removed: 2 });
    expect(await ids()).toEqual(['own', 'x']);
  });

  it('of an older bundle, or of the same one again, change nothing', async () => {
    await documents.addBundle(bundleOf(5, ['a']), 'k');
    expect(await documents.addBundle(bundleOf(4, ['evil']), 'k')).toEqual({ outcome: 'older', sequence: 5 });
    expect(await documents.addBundle(bundleOf(5, ['evil']), 'k')).toEqual({ outcome: 'same', sequence: 5 });
    expect(await ids()).toEqual(['a']);
  });

  it('that come by hand stay when the bundle that had them goes on without', async () => {
    await documents.addBundle(bundleOf(1, ['a']), 'k');
    await documents.add([documentOf('a', 'by hand')]);
    await documents.addBundle(bundleOf(2, []), 'k');
    expect(await documents.find('https://a.example/c' as ClientId)).toBe('by hand');
  });

  it('of bundles that come at the same moment are those of the newest, whole', async () => {
    const bundles = Array.from({ length: 40 }, (_, index) => bundleOf(index + 1, [`a${index}`, `b${index}`, 'shared']));
    const shuffled = bundles.map((bundle, index) => bundles[(index * 7) % bundles.length] ?? bundle);
    await Promise.all(shuffled.map((bundle) => documents.addBundle(bundle, 'k')));
    expect(await ids()).toEqual(['a39', 'b39', 'shared']);
    expect(await documents.find('https://shared.example/c' as ClientId)).toBe('{"sequence":40}');
  });

  it('lapse with their bundle, and leave their rows a day later; the bundle is known as long as an older one may be in force', async () => {
    await documents.addBundle(bundleOf(1, ['a']), 'k');
    clock.advance(30 * day);
    expect(await documents.find('https://a.example/c' as ClientId)).toBeUndefined();
    expect(await ids()).toEqual([]);
    const rows = async (table: string) => (await database.read(`SELECT * FROM ${table}`)).length;
    const retention = new Retention(tasksFor(retentionRules, database, clock), {
      onError: (error) => {
        throw error;
      },
    });
    await retention.run();
    expect(await rows('client_documents')).toBe(1);
    clock.advance(day + 1);
    await retention.run();
    expect([await rows('client_documents'), await rows('client_bundles')]).toEqual([0, 1]);
    clock.advance(400 * day);
    await retention.run();
    expect(await rows('client_bundles')).toBe(0);
  });

  it('are known to be there, or not, within a second of another process’s import', async () => {
    const other = new ImportedDocuments(database, clock, systemRandom);
    await documents.refresh();
    expect(documents.exist).toBe(false);
    await other.add([documentOf('a')]);
    clock.advance(1000);
    await documents.refresh();
    expect(documents.exist).toBe(true);
    await other.remove('https://a.example/c' as ClientId);
    await documents.refresh();
    expect(documents.exist).toBe(true);
    clock.advance(1000);
    await documents.refresh();
    expect(documents.exist).toBe(false);
  });
});
