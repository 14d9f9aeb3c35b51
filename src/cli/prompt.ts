import { CommandError } from './failures.ts';
import type { Terminal } from './terminal.ts';

const attempts = 3;
const longestPassword = 4096;
/** Whoever has the file can try as many as he likes. */
const shortestPassphrase = 16;

interface PasswordQuestion {
  /** Whose password it is. */
  readonly userName: string;
  /** What is wrong with a password, or `undefined`. */
  readonly check: (password: string) => string | undefined;
  /** Whether `--password-stdin` was given. */
  readonly fromInput: boolean;
}

/**
 * Obtains a new password: the first line of standard input, or typed twice and never shown.
 * @throws CommandError where there is nobody to ask, or the password is not good enough
 */
export async function newPassword(
  terminal: Terminal,
  { userName, check, fromInput }: PasswordQuestion,
): Promise<string> {
  if (fromInput) return checked(await firstLine(terminal), check);
  if (!terminal.isInteractive) {
    throw new CommandError(
      'usage',
      'there is no terminal to ask for the password at',
      'send it on standard input and add --password-stdin',
    );
  }
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const password = await hiddenLine(terminal, `Password for ${userName}: `);
    const complaint = check(password);
    if (complaint !== undefined) terminal.err(`${complaint}\n`);
    else if ((await hiddenLine(terminal, 'The same again: ')) === password) return password;
    else terminal.err('These were two different passwords.\n');
  }
  throw new CommandError('failure', 'no password was set');
}

/**
 * Obtains a passphrase: the first line of standard input, or typed and never shown.
 * @param times how often it is typed
 * @throws CommandError where there is nobody to ask, or it is too short
 */
export async function passphrase(
  terminal: Terminal,
  { fromInput, times }: { readonly fromInput: boolean; readonly times: 'once' | 'twice' },
): Promise<string> {
  if (!fromInput && !terminal.isInteractive) {
    throw new CommandError(
      'usage',
      'there is no terminal to ask for the passphrase at',
      'name a key file with --key-file, or send the passphrase on standard input and add --passphrase-stdin',
    );
  }
  const typed = fromInput ? await firstLine(terminal) : await hiddenLine(terminal, 'Passphrase of the backup: ');
  if (times === 'once') return typed;
  if (typed.length < shortestPassphrase)
    throw new CommandError('usage', `the passphrase has fewer than ${shortestPassphrase} characters`);
  if (fromInput || (await hiddenLine(terminal, 'The same again: ')) === typed) return typed;
  throw new CommandError('failure', 'these were two different passphrases; nothing was written');
}

/**
 * Asks before something that cannot be undone.
 * @throws CommandError where the answer is no, or there is nobody to ask and `--yes` was not given
 */
export async function confirm(terminal: Terminal, question: string, yes: true | undefined): Promise<void> {
  if (yes === true) return;
  if (!terminal.isInteractive)
    throw new CommandError('usage', `there is no terminal to ask at: ${question}`, 'say so beforehand with --yes');
  const answer = await typedLine(terminal, `${question} [y/N] `);
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new CommandError('failure', 'nothing was changed');
}

function checked(password: string, check: PasswordQuestion['check']): string {
  const complaint = password === '' ? 'standard input holds no password' : check(password);
  if (complaint !== undefined) throw new CommandError('usage', complaint);
  return password;
}

async function firstLine({ input }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.byteLength;
    if (size > longestPassword || bytes.includes(0x0a)) break;
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
  return line.replace(/\r$/, '');
}

/** Reads a line without echo. In raw mode the terminal leaves editing to us. */
async function hiddenLine(terminal: Terminal, prompt: string): Promise<string> {
  terminal.input.setRawMode?.(true);
  try {
    return await typedLine(terminal, prompt);
  } finally {
    terminal.input.setRawMode?.(false);
    terminal.err('\n');
  }
}

const keys = {
  interrupt: '\u0003',
  endOfInput: '\u0004',
  backspace: '\b',
  eraseLine: '\u0015',
  delete: '\u007f',
} as const;

function typedLine({ input, err }: Terminal, prompt: string): Promise<string> {
  err(prompt);
  input.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let line: string[] = [];
    const stop = () => {
      input.off('data', type);
      input.off('end', end);
      input.pause();
    };
    const finish = (rest: string) => {
      stop();
      if (rest !== '') input.unshift(rest);
      resolve(line.join(''));
    };
    const end = () => {
      stop();
      reject(new CommandError('interrupted', 'stopped'));
    };
    const type = (chunk: string) => {
      let read = 0;
      for (const key of chunk) {
        read += key.length;
        if (key === '\r' || key === '\n') return finish(chunk.slice(read));
        if (key === keys.interrupt || key === keys.endOfInput) return end();
        if (key === keys.backspace || key === keys.delete) line.pop();
        else if (key === keys.eraseLine) line = [];
        else line.push(key);
      }
    };
    input.on('data', type);
    input.on('end', end);
    input.resume();
  });
}
