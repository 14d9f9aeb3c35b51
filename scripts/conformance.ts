import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Citation, findCitations } from '../test/requirements/citations.ts';
import type { Answer, Requirement, RequirementList } from '../test/requirements/requirement.ts';
import { requirementLists, requirements } from '../test/requirements.ts';

const root = join(import.meta.dirname, '..');
const usage = `node scripts/conformance.ts [--uncited | --check]
  writes docs/conformance.md from test/requirements.ts and the tests that cite it
  --uncited  lists the requirements that are met but that no test cites
  --check    fails where docs/conformance.md is out of date`;

/** Path of the generated page from the repository's root. */
export const conformancePage = 'docs/conformance.md';

/** The requirements that are claimed to be met and that no test cites. */
export function uncitedRequirements(citations: readonly Citation[]): Requirement[] {
  const cited = new Set(citations.map(({ id }) => id));
  return requirements.filter(({ id, answer }) => answer === 'met' && !cited.has(id));
}

/** The text of `docs/conformance.md`. */
export function renderConformance(citations: readonly Citation[]): string {
  const filesOf = new Map<string, Set<string>>();
  for (const { id, file } of citations) filesOf.set(id, (filesOf.get(id) ?? new Set()).add(file));
  return `${[
    '# Conformance',
    'Made by `npm run conformance` from `test/requirements.ts` and from the tests that cite it: change those, not this page.',
    'Each requirement is in our own words; the section says where to read the original. **Met** means that the tests named beside it pass. **Declined** and **later** say why not, and **peer** says who else has to meet it.',
    summary(),
    ...requirementLists.map((list) => section(list, filesOf)),
  ].join('\n\n')}\n`;
}

function summary(): string {
  const kinds = ['met', 'declined', 'later', 'peer'] as const;
  const rows = requirementLists.map(({ source, requirements: listed }) => {
    const counts = kinds.map((kind) => listed.filter(({ answer }) => kindOf(answer) === kind).length);
    return `| [${source.name}](#${anchor(source.name)}) | ${listed.length} | ${counts.join(' | ')} |`;
  });
  const totals = kinds.map((kind) => requirements.filter(({ answer }) => kindOf(answer) === kind).length);
  return [
    '| source | requirements | met | declined | later | peer |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    `| **all** | **${requirements.length}** | ${totals.map((total) => `**${total}**`).join(' | ')} |`,
  ].join('\n');
}

function section({ source, requirements: listed }: RequirementList, filesOf: ReadonlyMap<string, Set<string>>): string {
  const title = source.url === undefined ? source.title : `[${source.title}](${source.url})`;
  return [
    `## ${source.name}`,
    '',
    `${title}.`,
    '',
    '| id | section | level | requirement | answer | tests |',
    '| --- | --- | --- | --- | --- | --- |',
    ...listed.map((requirement) => row(requirement, filesOf.get(requirement.id) ?? new Set())),
  ].join('\n');
}

function row({ id, section: where, level, text, answer }: Requirement, files: ReadonlySet<string>): string {
  const tests = [...files].map((file) => `\`${file}\``).join('<br>');
  return `| ${[id, where, level, text, answerText(answer), tests].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function kindOf(answer: Answer): 'met' | 'declined' | 'later' | 'peer' {
  if (answer === 'met') return 'met';
  return 'declined' in answer ? 'declined' : 'later' in answer ? 'later' : 'peer';
}

function answerText(answer: Answer): string {
  if (answer === 'met') return 'met';
  if ('declined' in answer) return `declined: ${answer.declined}`;
  if ('later' in answer) return `later: ${answer.later}`;
  return `peer: ${answer.peer}`;
}

// GitHub's heading anchors: lower case, spaces to hyphens, other punctuation dropped.
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(' ', '-')
    .replace(/[^\w-]/g, '');
}

function main(): void {
  const { values } = parseArgs({
    options: { uncited: { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const citations = findCitations(root);
  if (values.uncited) {
    const uncited = uncitedRequirements(citations);
    for (const { id, section: where, text } of uncited) console.log(`${id}\t${where}\t${text}`);
    console.error(
      `${uncited.length} of ${requirements.filter(({ answer }) => answer === 'met').length} met requirements are not cited`,
    );
    return;
  }
  const rendered = renderConformance(citations);
  const path = join(root, conformancePage);
  if (values.check) {
    if (readFileSync(path, 'utf8') === rendered) return;
    console.error(`${conformancePage} is out of date: run npm run conformance`);
    process.exitCode = 1;
    return;
  }
  writeFileSync(path, rendered);
}

if (import.meta.main) main();
