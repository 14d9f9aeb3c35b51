import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/core/urls.ts';
import { configSchema, parseConfig } from '../../../src/portcullis/config.ts';
import { settingsFromEnvironment, variableName } from '../../../src/portcullis/environment-variables.ts';
import { leavesOf, mergeSettings } from '../../../src/portcullis/settings-tree.ts';
import { anyText } from '../../support/any-text.ts';

const leaves = leavesOf(configSchema);
const likely = fc.constantFrom<fc.JsonValue>(
  'https://mcp.example.com',
  '/mcp',
  'read',
  '10',
  10,
  0,
  -1,
  1.5,
  true,
  [],
  ['read'],
  {},
  { read: { title: 'Read' } },
);
const anyValue = fc.oneof(likely, fc.jsonValue({ maxDepth: 2 }));
const anySettings = fc
  .array(fc.tuple(fc.constantFrom(...leaves), anyValue), { maxLength: 5 })
  .map((list) => mergeSettings(list.map(([{ path }, value]) => ({ path, value, origin: 'a file' }))).tree);

/** The outcome, where the only way to fail is a message to the operator. */
function outcome<Value>(parse: () => Value): Value | string {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    const { message } = error as ConfigurationError;
    expect(message).not.toBe('');
    expect(message).not.toMatch(/\bat .*\.ts:\d|undefined/);
    return message;
  }
}

describe('the configuration', () => {
  it('whatever it is, is taken or refused in words, and taken again as it was read', () => {
    fc.assert(
      fc.property(fc.oneof(anySettings, fc.jsonValue({ maxDepth: 3 })), (input) => {
        const config = outcome(() => parseConfig(input));
        if (typeof config !== 'string') expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
      }),
      { numRuns: 300 },
    );
  });

  it('takes no setting that it does not know, wherever it stands', () => {
    const objects = [[], ...leaves.map(({ path }) => path.slice(0, -1))].filter((path) => !path.includes('scopes'));
    fc.assert(
      fc.property(fc.constantFrom(...objects), fc.constantFrom('unknown', 'toString', 'baseURL', ''), (path, name) => {
        const { tree } = mergeSettings([{ path: [...path, name], value: 1, origin: 'a file' }]);
        expect(outcome(() => parseConfig(tree))).toEqual(expect.stringContaining(name));
      }),
      { numRuns: 200 },
    );
  });

  it('from variables, whatever they hold, is read or refused with the name of the variable', () => {
    const variables = fc.dictionary(
      fc.oneof(
        fc.constantFrom(...leaves.map(({ path }) => variableName(path))),
        fc.constantFrom('PORTCULLIS_NOPE', 'PORTCULLIS_', 'PORTCULLIS___PROTO__', 'PORT', 'HOME'),
      ),
      fc.oneof(anyText({ maxLength: 20 }), fc.json({ maxDepth: 1 }), fc.constantFrom('10', 'true', 'a,b', '[', '')),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(variables, (environment) => {
        const read = outcome(() => settingsFromEnvironment(environment, configSchema));
        if (typeof read !== 'string') return void outcome(() => parseConfig(mergeSettings(read).tree));
        const named = Object.keys(environment).some((name) => read.includes(name));
        expect(named, read).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
