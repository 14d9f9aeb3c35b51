import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPassword, preparePassword } from './policy.ts';

const context = { userName: 'ada.lovelace', siteName: 'Example Notes' };
const check = (password: string) => checkPassword(password, 12, context);

describe('a password that is being chosen', () => {
  it.each([
    'violet kettle under nine bridges',
    'kT9#vw2!pQz4',
    'пароль-который-никто-не-знает',
    '一生懸命に働いて疲れました、とても',
    'a cat, a hat and a mat',
    'Xk7pR2mQ9wLz',
  ])('%j is good', (password) => expect(check(password)).toBeUndefined());

  it('needs as many characters as configured, not bytes', () => {
    expect(check('kT9#vw2!pQz')).toContain('at least 12');
    expect(check('😀🎉🚀🐙🦊🌵🍉🎈🧩📯🪁')).toContain('at least 12');
    expect(checkPassword('kT9#vw2!', 8)).toBeUndefined();
  });

  it('has at most 256 characters', () => {
    expect(check('ab cd ef gh '.repeat(22))).toContain('at most 256');
  });

  it.each(['ada.lovelace', 'ADA.LOVELACE', 'my ada.lovelace 1', 'Ａda.Lovelace rocks'])(
    '%j has the user name in it',
    (password) => expect(check(password)).toContain('user name'),
  );

  it.each(['example notes', 'i like Example Notes!'])('%j has the name of the server in it', (password) =>
    expect(check(password)).toContain('name of this server'),
  );

  it('a short user name may turn up by chance', () => {
    expect(checkPassword('bread and butter', 12, { userName: 'ad' })).toBeUndefined();
  });

  it.each([
    'aaaaaaaaaaaa',
    'abababababab',
    'hunter2hunter2',
    '123456789012',
    '098765432109',
    'abcdefghijkl',
    'qwertyuiopas',
    '1q2w3e4r5t6y',
    'zyxwvutsrqpo',
    '111222111222',
  ])('%j is a pattern', (password) => expect(check(password)).toContain('pattern'));

  it.each([
    'password1234',
    'P@ssw0rd!2024',
    'passwordpassword1',
    'Welcome123456!',
    'administrator1',
    'letmein!!!!!!!!',
    'iloveyou12345',
    'CorrectHorseBatteryStaple',
    'qwerty-password',
    '123456password',
  ])('%j is common', (password) => expect(check(password)).toMatch(/guessed|pattern/));
});

describe('the form in which a password is hashed', () => {
  it('is the same however often it is made', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const prepared = preparePassword(text);
        return prepared === undefined || preparePassword(prepared) === prepared;
      }),
    );
  });

  it('never has a control character, and is never empty [PITFALL-32]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        return /^\P{Cc}+$/u.test(preparePassword(text) ?? 'x');
      }),
    );
  });
});
