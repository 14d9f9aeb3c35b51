import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { type ClientBundle, isBundle, verifyBundle } from '../../oauth/client-metadata/bundle.ts';
import type { MetadataDocument } from '../../oauth/client-metadata/imported-documents.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { defineCommand, type Outcome } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withNewPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted, definitions, momentJson, momentText } from '../text.ts';
import { readPublicKey } from './bundle-keys.ts';
import { allOf, checkedFiles, documentsIn, isDirectory, readText } from './document-files.ts';

const maximumBundleBytes = 16 * 1024 * 1024;

export const clientImport = defineCommand({
  name: 'client import',
  summary: 'Bring in metadata documents, without a network.',
  details:
    'Takes a signed bundle (see portcullis client bundle), one document, or a directory of documents that you vouch for. A client whose id is the URL of such a document is accepted without fetching anything, and pages show it as added by you. Documents that come by themselves stay until portcullis client delete; those of a bundle until it expires, or a newer bundle of its name leaves them out. What users have allowed goes on. A running server sees it at once.',
  positionals: { path: { description: 'The bundle, the document, or the directory.' } },
  flags: {
    key: {
      value: 'FILE',
      repeatable: true,
      description:
        'Public key in PEM form that the bundle is signed with (default: those of clientMetadata.bundleKeys).',
    },
    ...dataFlags,
  },
  examples: [
    'portcullis client import clients.bundle --key bundle-key.pub.pem',
    'portcullis client import ./documents',
  ],
  async run({ positionals, flags, terminal }) {
    const config = configFor(flags, terminal);
    if (!config.portcullis.clientMetadata.enabled)
      throw new CommandError(
        'usage',
        'this configuration accepts no clients by their documents',
        'set clientMetadata.enabled to true',
      );
    const path = resolve(terminal.directory, positionals.path);
    const source = isDirectory(path) ? undefined : readText(path, maximumBundleBytes);
    return withNewPortcullis(config.portcullis, async (portcullis) => {
      if (source === undefined) return importDocuments(documentsIn(path), portcullis);
      if (!isBundle(source)) return importDocuments(checkedFiles([path]), portcullis);
      const keys = publicKeys(flags.key, config.portcullis.clientMetadata.bundleKeys, terminal.directory);
      const { bundle, signedBy } = await verifyBundle(source, keys, portcullis.clock.now());
      return importBundle(bundle, signedBy, portcullis, terminal.columns);
    });
  },
});

function publicKeys(
  given: readonly string[] | undefined,
  configured: readonly string[],
  directory: string,
): KeyObject[] {
  const files = given ?? configured;
  if (files.length === 0)
    throw new CommandError(
      'usage',
      'this is a signed bundle, and no key was named to verify it with',
      'name the public key of who signs your bundles: --key FILE, or the setting clientMetadata.bundleKeys',
    );
  return files.map((file) => readPublicKey(resolve(directory, file)));
}

async function importDocuments(
  documents: readonly (MetadataDocument & { readonly path: string })[],
  portcullis: Portcullis,
): Promise<Outcome> {
  checkAll(documents, ({ path }) => path, portcullis);
  await portcullis.services.importedDocuments.add(documents);
  reportImport(documents, 'by hand', portcullis);
  return {
    json: { bundle: null, removed: 0, clientIds: idsOf(documents) },
    text: `${counted(documents.length, 'document')} imported:\n${list(documents)}`,
  };
}

async function importBundle(
  bundle: ClientBundle,
  signedBy: string,
  portcullis: Portcullis,
  columns: number | undefined,
): Promise<Outcome> {
  const { name, sequence, expiresAt, documents } = bundle;
  checkAll(documents, ({ clientId }) => clientId, portcullis);
  const result = await portcullis.services.importedDocuments.addBundle(bundle, signedBy);
  const json = {
    bundle: { name, sequence, expiresAt: momentJson(expiresAt), signedBy },
    clientIds: idsOf(documents),
  };
  switch (result.outcome) {
    case 'older':
      throw new CommandError(
        'failure',
        `bundle '${name}' with sequence ${sequence} is older than the one that is there, ${result.sequence}`,
        'import the newest one; if this is it, have it made again with a higher --sequence',
      );
    case 'same':
      return {
        json: { ...json, removed: 0, unchanged: true },
        text: `Bundle '${name}' with sequence ${sequence} is there already.\n`,
      };
    case 'imported': {
      reportImport(documents, `in bundle ${name}, sequence ${sequence}, signed by key ${signedBy}`, portcullis);
      const facts: [string, string][] = [
        ['sequence', String(sequence)],
        ['signed by key', signedBy],
        ['valid until', `${momentText(expiresAt)} UTC`],
        ['no longer in it', counted(result.removed, 'document')],
      ];
      return {
        json: { ...json, removed: result.removed, unchanged: false },
        text: `${counted(documents.length, 'document')} of bundle '${name}' imported:\n${list(documents)}\n${definitions(facts, columns)}`,
      };
    }
  }
}

/** @throws CommandError naming each document that this server would not accept */
function checkAll<Document extends MetadataDocument>(
  documents: readonly Document[],
  nameOf: (document: Document) => string,
  { metadataDocuments }: Portcullis,
): void {
  allOf(documents, nameOf, ({ clientId, text }) => metadataDocuments.check(clientId, text));
}

function reportImport(documents: readonly MetadataDocument[], how: string, portcullis: Portcullis): void {
  const reason = `${counted(documents.length, 'metadata document')} ${how}`;
  portcullis.report({ name: 'client.documents_imported', reason });
}

function idsOf(documents: readonly MetadataDocument[]): string[] {
  return documents.map(({ clientId }) => clientId);
}

function list(documents: readonly MetadataDocument[]): string {
  return documents.map(({ clientId }) => `  ${clientId}\n`).join('');
}
