import { describe, expect, it } from 'vitest';
import { InMemoryProvider } from '../in-memory/index.ts';
import {
  type AcceptanceOptions,
  acceptanceCases,
  type CreateHarness,
  createTestClient,
  pkcePair,
  runAcceptanceSuite,
} from './index.ts';

const createHarness: CreateHarness = ({ options, environment }) => ({
  provider: new InMemoryProvider(options, environment),
});

function register(options?: AcceptanceOptions): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  const framework = {
    describe: (_title: string, define: () => void) => define(),
    it: (title: string, test: () => Promise<void>) => tests.set(title, test),
  };
  runAcceptanceSuite(framework, createHarness, options);
  return tests;
}

describe('runAcceptanceSuite', () => {
  it('registers every case once, under a name of its own', () => {
    expect([...register().keys()]).toEqual(acceptanceCases.map(({ name }) => name));
    expect(new Set(acceptanceCases.map(({ name }) => name)).size).toBe(acceptanceCases.length);
  });

  it('leaves out what is about the grace where rotation is strict', () => {
    const left = acceptanceCases.filter(({ name }) => !register({ refreshRotation: 'strict' }).has(name));
    expect(left.length).toBeGreaterThan(0);
    expect(left.every(({ about }) => about === 'refresh-grace')).toBe(true);
  });

  it('gives each case the requirements that its name cites', () => {
    const replay = acceptanceCases.find(({ name }) =>
      name.startsWith('a code redeemed twice revokes the tokens of its first'),
    );
    expect(replay?.requirements).toContain('CASE-61');
    expect(
      acceptanceCases.flatMap(({ requirements }) => requirements).every((id) => /^[A-Z0-9-]+-\d{2}$/.test(id)),
    ).toBe(true);
  });

  it('closes the harness after a case, and after one that fails', async () => {
    let open = 0;
    const counting: CreateHarness = ({ options, environment }) => {
      open += 1;
      return {
        provider: new InMemoryProvider(options, environment),
        close: async () => {
          open -= 1;
        },
        authorize: async () => new URL('https://nowhere.example'),
      };
    };
    const [passes, fails] = ['the authorization server metadata names', 'a code is exchanged for a token response'].map(
      (beginning) => acceptanceCases.find(({ name }) => name.startsWith(beginning)),
    );
    await passes?.run(counting);
    await expect(fails?.run(counting)).rejects.toThrow(/no code arrived/);
    expect(open).toBe(0);
  });

  it('says what a harness lacks whose provider shows pages', async () => {
    const pages: CreateHarness = ({ options, environment }) => ({ provider: new ShowsPages(options, environment) });
    const flow = acceptanceCases.find(({ name }) => name.startsWith('a code is exchanged for a token response'));
    await expect(flow?.run(pages)).rejects.toThrow(/the harness needs an authorize\(\)/);
  });
});

describe('createTestClient', () => {
  it('rejects with the server’s words where registration is refused', async () => {
    const provider = new InMemoryProvider({
      baseUrl: 'https://mcp.example.com',
      clientRegistration: { enabled: true },
    });
    await expect(createTestClient(provider, { redirectUri: 'javascript:alert(1)' })).rejects.toThrow(
      /invalid_redirect_uri/,
    );
  });

  it('makes verifiers and challenges that fit each other', () => {
    const { verifier, challenge } = pkcePair({ bytes: () => new Uint8Array(32) });
    expect(verifier).toBe('A'.repeat(43));
    expect(challenge).toBe('DwBzhbb51LfusnSGBa_hqYSgo7-j8BTQnip4TOnlzRo');
  });
});

class ShowsPages extends InMemoryProvider {
  override async authorize(): Promise<URL> {
    return new URL('/sign-in', this.settings.baseUrl);
  }
}
