import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contenders.ts';
import { metadataRequest } from './load/client.ts';
import { Connection } from './load/connection.ts';
import { measure, medianSample, type Sample } from './load/measure.ts';
import { median } from './load/statistics.ts';
import { startServer, type Workshop } from './startup.ts';

/** What a token request cannot cost less than on this machine. */
export interface Floors {
  /** A form like that of a code exchange, answered by bare `node:http`, 16 at once. */
  readonly formPost: Sample;
  /** Microseconds of single steps. */
  readonly steps: Readonly<Record<string, number>>;
}

const floor: Contender = {
  name: 'floor',
  script: 'servers/floor.js',
  storage: 'SQLite, FULL',
  note: '',
  isPeer: false,
};
const posts = 5000;
const rounds = 5;

export async function measureFloors(workshop: Workshop): Promise<Floors> {
  const server = await startServer(floor, workshop, mkdtempSync(join(workshop.folder, 'floor-')));
  try {
    const form = `grant_type=authorization_code&code=${'c'.repeat(43)}&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&client_id=${'i'.repeat(22)}&code_verifier=${'v'.repeat(56)}`;
    const request = Buffer.from(
      `POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
    );
    const samples: Sample[] = [];
    const steps: Record<string, number>[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const sample = await measure(server, async (connection) => void (await connection.send(request)), 16, posts);
      if (round > 0) samples.push(sample);
      steps.push(await stepsOf(server.port, server.metadataPath));
    }
    const names = Object.keys(steps[0] ?? {});
    return {
      formPost: medianSample(samples),
      steps: Object.fromEntries(names.map((name) => [name, median(steps.map((step) => step[name] ?? Number.NaN))])),
    };
  } finally {
    await server.stop();
  }
}

async function stepsOf(port: number, path: string): Promise<Record<string, number>> {
  const connection = await Connection.open(port);
  try {
    return JSON.parse((await connection.send(metadataRequest(port, path))).body) as Record<string, number>;
  } finally {
    connection.close();
  }
}
