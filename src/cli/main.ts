#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`portcullis: Node 24.15 or newer is needed, this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { startProgram } = await import('./program.ts');
  await startProgram(process.argv.slice(2));
}

export {};
