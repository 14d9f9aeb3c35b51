import { relative } from 'node:path';
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const words = /[A-Za-z]+ [A-Za-z]+ [A-Za-z]+/;
const sql = /\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WHERE|FROM|EXISTS|AND|OR|IS|NOT|NULL|SET|VALUES|LIMIT)\b/;

/**
 * What is read of a syntax tree.
 * @typedef {{type: string, value?: unknown, key?: {name?: unknown}, quasis?: {value: {raw: string}}[]}} SyntaxNode
 */

/**
 * Leaves sentences alone: text with three words in a row, and what is put into it. It is for people, so no test fixes it,
 * and that it may be empty says nothing about a check. SQL, codes, names of parameters and headers are not sentences.
 * Likewise the sections that a capability implements, which are read for `docs/conformance.md` alone.
 */
const wording = {
  /** @param {{node: SyntaxNode, parent?: SyntaxNode | null}} path */
  shouldIgnore({ node, parent }) {
    if (node.key?.name === 'specifications') return 'sections of specifications';
    const isText = node.type === 'StringLiteral' || parent?.type !== 'TaggedTemplateExpression';
    const text = node.quasis?.map(({ value }) => value.raw).join(' ') ?? node.value;
    if (!isText || typeof text !== 'string') return undefined;
    return words.test(text) && !sql.test(text) ? 'a sentence' : undefined;
  },
};

/** Names what no test noticed as soon as it is known: a run may take long. */
const survivors = {
  /** @param {{status: string, fileName: string, mutatorName: string, replacement?: string, location: {start: {line: number, column: number}}}} result */
  onMutantTested({ status, fileName, location, mutatorName, replacement = '' }) {
    if (status !== 'Survived' && status !== 'NoCoverage') return;
    const { line, column } = location.start;
    const shown = replacement.replaceAll(/\s+/g, ' ').slice(0, 160);
    console.error(`${status} ${relative('', fileName)}:${line}:${column} ${mutatorName} → ${shown}`);
  },
};

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'wording', wording),
  declareValuePlugin(PluginKind.Reporter, 'survivors', survivors),
];
