import { expect, it } from 'vitest';
import { openSchema } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { DerivedKeys } from './derived-keys.ts';
import { MasterKey } from './master-key.ts';
import { encryptAllAgain } from './rotate-master-key.ts';

const clock = new ManualClock();
const [older, newer] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const under = (...keys: Uint8Array[]) => new MasterKey(keys, systemRandom);

it('derived keys differ by purpose and database, and are the same at every start', async () => {
  const database = await openSchema();
  const open = () => DerivedKeys.open(database, under(older), clock, systemRandom);
  const [first, second] = await Promise.all([open(), open()]);
  expect(first.derive('csrf')).toEqual(second.derive('csrf'));
  expect(first.derive('csrf')).toHaveLength(32);
  expect(first.derive('csrf')).not.toEqual(first.derive('known browsers'));
  const another = await DerivedKeys.open(await openSchema(), under(older), clock, systemRandom);
  expect(another.derive('csrf')).not.toEqual(first.derive('csrf'));
});

it('derived keys outlive the master key, and need the right one', async () => {
  const database = await openSchema();
  const before = await DerivedKeys.open(database, under(older), clock, systemRandom);
  await expect(DerivedKeys.open(database, under(newer), clock, systemRandom)).rejects.toThrow(ConfigurationError);
  await encryptAllAgain(database, under(newer, older));
  const after = await DerivedKeys.open(database, under(newer), clock, systemRandom);
  expect(after.derive('csrf')).toEqual(before.derive('csrf'));
  await expect(DerivedKeys.open(database, under(older), clock, systemRandom)).rejects.toThrow(ConfigurationError);
});
