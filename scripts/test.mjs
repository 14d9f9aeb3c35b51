/**
 * `npm test`: every test project in one run, and a verdict that nothing was left out.
 * Arguments go to Vitest (`npm test -- test/protocol`); then only what they choose runs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './ensure-chromium.mjs';

/**
 * @typedef {{status: string, fullName: string}} TestResult
 * @typedef {{name: string, status: string, message: string, assertionResults: TestResult[]}} FileResult
 * @typedef {{success: boolean, testResults: FileResult[]}} Report
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'node_modules', '.portcullis');
const reportFile = join(results, 'test-report.json');
const countsFile = join(results, 'test-counts.json');
const chosen = process.argv.slice(2);

/** @param {string} line */
function complain(line) {
  process.stderr.write(`portcullis: ${line}\n`);
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** The folders of the projects that `npm run test:<name>` knows, those beside the code apart. */
function projectFolders() {
  /** @type {{scripts: Record<string, string>}} */
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys(scripts).flatMap((name) =>
    name.startsWith('test:') ? [`test/${name.slice('test:'.length)}`] : [],
  );
}

/** @param {Report} report @returns {string[]} what a green run must not hide */
function leftOut(report) {
  /** @type {Map<string, TestResult[]>} Most files run once for each engine. */
  const ran = new Map();
  for (const file of report.testResults) {
    const path = relative(root, file.name).split(sep).join('/');
    ran.set(path, [...(ran.get(path) ?? []), ...file.assertionResults]);
  }
  const written = ['src', 'test', 'examples'].flatMap(filesBelow).filter((path) => path.endsWith('.test.ts'));
  const missing = written.filter((path) => (ran.get(path) ?? []).length === 0);
  const empty = projectFolders().filter(
    (folder) => filesBelow(folder).length > 0 && !written.some((path) => path.startsWith(`${folder}/`)),
  );
  const skipped = [...ran].flatMap(([path, tests]) =>
    tests
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => `${path}: ${fullName}`),
  );
  return [
    ...missing.map((path) => `${path} did not run`),
    ...empty.map((folder) => `${folder}/ has files but no test`),
    ...skipped.map((test) => `skipped: ${test}`),
  ];
}

/** @param {Report} report */
function counts(report) {
  const statuses = report.testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  return {
    passed: statuses.filter((status) => status === 'passed').length,
    failed: statuses.filter((status) => status === 'failed').length + brokenFiles.length,
  };
}

rmSync(reportFile, { force: true });
rmSync(countsFile, { force: true });
mkdirSync(results, { recursive: true });
if (chosen.length === 0) {
  try {
    process.env.PORTCULLIS_CHROMIUM = ensureChromium();
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...chosen],
  { cwd: root, stdio: 'inherit' },
);

let succeeded = status === 0;
if (existsSync(reportFile)) {
  /** @type {Report} */
  const report = JSON.parse(readFileSync(reportFile, 'utf8'));
  const omissions = chosen.length === 0 ? leftOut(report) : [];
  for (const omission of omissions) complain(omission);
  succeeded &&= omissions.length === 0;
  const { passed, failed } = counts(report);
  const failures = failed + omissions.length;
  writeFileSync(countsFile, `${JSON.stringify({ passed, failed: succeeded ? 0 : Math.max(failures, 1) })}\n`);
}
process.exit(succeeded ? 0 : 1);
