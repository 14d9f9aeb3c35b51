import { existsSync } from 'node:fs';
import type { User } from '../identity/users/user.ts';
import type { LoadedConfig } from '../portcullis/load-config.ts';
import { nearest } from '../portcullis/nearest.ts';
import { Portcullis } from '../portcullis/portcullis.ts';
import { databaseFile, vanishesWithProcess } from '../storage/open.ts';
import { databaseShown } from './database-shown.ts';
import { CommandError } from './failures.ts';

/**
 * Opens the database beside a server that may be running, does something and closes it.
 * @throws CommandError where there is no database yet
 */
export async function withPortcullis<Result>(
  { portcullis: config }: LoadedConfig,
  act: (portcullis: Portcullis) => Promise<Result>,
): Promise<Result> {
  const path = databaseFile(config.database);
  if (vanishesWithProcess(config.database) || (path !== undefined && !existsSync(path))) {
    throw new CommandError(
      'usage',
      `there is no database ${databaseShown(config.database)}`,
      'name the data directory of the server with --data, or start the server first: portcullis serve',
    );
  }
  return withNewPortcullis(config, act);
}

/** The same, where the database is made if there is none. */
export async function withNewPortcullis<Result>(
  config: LoadedConfig['portcullis'],
  act: (portcullis: Portcullis) => Promise<Result>,
): Promise<Result> {
  const portcullis = await Portcullis.open(config);
  try {
    return await act(portcullis);
  } finally {
    await portcullis.close();
  }
}

/** @throws CommandError `not_found`, with the nearest name that there is */
export async function userNamed({ services: { users } }: Portcullis, name: string): Promise<User> {
  const user = await users.findByName(name);
  if (user !== undefined) return user;
  const suggestion = nearest(
    name,
    (await users.list()).map(({ userName }) => userName),
  );
  throw new CommandError(
    'not_found',
    `there is no user '${name}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
    'see: portcullis user list',
  );
}
