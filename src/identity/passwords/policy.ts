/** What a password is judged against besides itself. */
export interface PasswordContext {
  readonly userName?: string;
  readonly siteName?: string;
}

export const maximumPasswordLength = 256;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The form in which a password is hashed: composed (NFC) with every space an ASCII one, so that the same keys typed on
 * another system give the same password. NFKC would fold characters that the user tells apart.
 * @returns `undefined` for what can be no password: empty, over-long, or with control characters, which some hash
 *   functions cut short at
 * @see RFC 8265 §4.2 (OpaqueString)
 */
export function preparePassword(password: string): string | undefined {
  if (password === '' || password.length > 4 * maximumPasswordLength || controlCharacters.test(password))
    return undefined;
  const prepared = password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  return [...prepared].length > maximumPasswordLength ? undefined : prepared;
}

/**
 * Judges a password that is being chosen.
 * @param minimumLength in characters
 * @returns what to tell the person, or `undefined` where it is good
 * @see NIST SP 800-63B-4 §3.1.1.2
 */
export function checkPassword(
  password: string,
  minimumLength: number,
  context: PasswordContext = {},
): string | undefined {
  if (controlCharacters.test(password)) return 'A password cannot contain control characters.';
  const length = [...password.normalize('NFC')].length;
  if (length < minimumLength) return `Choose a password of at least ${minimumLength} characters.`;
  const prepared = preparePassword(password);
  if (prepared === undefined) return `Choose a password of at most ${maximumPasswordLength} characters.`;
  const folded = fold(prepared);
  if (contains(folded, context.userName)) return 'Choose a password that does not contain your user name.';
  if (contains(folded, context.siteName)) return 'Choose a password that does not contain the name of this server.';
  if (isRepetition(folded) || isSequence(folded)) return 'This password is a simple pattern. Choose another.';
  if (isCommon(folded)) return 'This password is one of the first that would be guessed. Choose another.';
  return undefined;
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

// Names of three letters and fewer turn up in good passwords by chance.
function contains(folded: string, name: string | undefined): boolean {
  if (name === undefined) return false;
  const needle = fold(name);
  return folded === needle || ([...needle].length >= 4 && folded.includes(needle));
}

function isRepetition(folded: string): boolean {
  return new Set(folded).size < 4 || /^(.+?)\1+$/u.test(folded);
}

const rows = [
  '1234567890',
  '0123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
];

function isSequence(folded: string): boolean {
  return rows.some((row) => {
    const forwards = row.repeat(3);
    return forwards.includes(folded) || [...forwards].reverse().join('').includes(folded);
  });
}

const commonWords = new Set([
  'abc',
  'access',
  'admin',
  'administrator',
  'baseball',
  'changeme',
  'default',
  'dragon',
  'football',
  'guest',
  'hello',
  'iloveyou',
  'letmein',
  'login',
  'master',
  'monkey',
  'pass',
  'passphrase',
  'password',
  'portcullis',
  'princess',
  'qwerty',
  'qwertyuiop',
  'root',
  'secret',
  'server',
  'sunshine',
  'superman',
  'superuser',
  'test',
  'trustno',
  'user',
  'welcome',
]);

const stories = new Set([
  'correcthorsebatterystaple',
  'iloveyouforever',
  'iloveyousomuch',
  'opensesame',
  'thisismypassword',
  'mypassword',
  'yourpassword',
  'newpassword',
  'passwordpassword',
  'thequickbrownfox',
]);

const lookalikes: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
};

/** A common word or two with digits and marks around, look-alikes read as letters. */
function isCommon(folded: string): boolean {
  return [folded, unmask(folded)].some((text) => {
    const letters = text.replace(/[^\p{L}]/gu, '');
    return commonWords.has(letters) || stories.has(letters) || splits(letters);
  });
}

function unmask(folded: string): string {
  const trimmed = folded.replace(/[\d\p{P}\p{S}\s]+$/u, '');
  return trimmed.replace(/[@4310!$57]/g, (character) => lookalikes[character] ?? character);
}

function splits(letters: string): boolean {
  for (let at = 1; at < letters.length; at += 1) {
    if (commonWords.has(letters.slice(0, at)) && commonWords.has(letters.slice(at))) return true;
  }
  return false;
}
