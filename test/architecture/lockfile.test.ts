import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockfile = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const packages = Object.entries(lockfile.packages);

test('the lockfile names no address to download from', () => {
  const addressed = packages.filter(([, { resolved }]) => resolved?.includes('://'));
  expect(
    addressed.map(([path]) => path),
    'set omit-lockfile-registry-resolved (the .npmrc of this repository does) and run npm install again',
  ).toEqual([]);
});

test('the lockfile has the packages of every platform', () => {
  const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !packages.some(([other]) => other.endsWith(`node_modules/${name}`)))
      .map((name) => `${path} wants ${name}`),
  );
  expect(missing, 'npm ci refuses such a lockfile: choose a version whose platform packages can all be had').toEqual(
    [],
  );
});

test('nothing that ships runs an install script', () => {
  const scripted = packages.filter(([, { dev, hasInstallScript }]) => hasInstallScript === true && dev !== true);
  expect(scripted.map(([path]) => path)).toEqual([]);
});
