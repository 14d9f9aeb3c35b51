import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const folders = ['servers', 'peers'] as const;

/**
 * Turns the servers' scripts into JavaScript, because Node's own type stripping would count as their start-up time and
 * memory.
 * @param source the bench's folder
 * @param target a folder below it, so that packages are found
 */
export function buildServers(source: string, target: string): void {
  for (const folder of folders) {
    mkdirSync(join(target, folder), { recursive: true });
    for (const file of readdirSync(join(source, folder))) {
      const code = stripTypeScriptTypes(readFileSync(join(source, folder, file), 'utf8'), { mode: 'strip' });
      const linked = code.replace(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'");
      writeFileSync(join(target, folder, file.replace(/\.ts$/, '.js')), linked);
    }
  }
}
