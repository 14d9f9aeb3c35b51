import pg from 'pg';
import { startPostgres } from '../scripts/ensure-postgres.mjs';

/** A PostgreSQL of the run's own, as durable as in production; on the load's core, since its process inherits it. */
export class BenchPostgres {
  readonly version: string;
  readonly #url: string;
  readonly #admin: pg.Client;
  readonly #stop: () => Promise<void>;
  #databases = 0;

  private constructor(version: string, url: string, admin: pg.Client, stop: () => Promise<void>) {
    this.version = version;
    this.#url = url;
    this.#admin = admin;
    this.#stop = stop;
  }

  /** @throws Error where none is installed */
  static async start(): Promise<BenchPostgres> {
    const { url, stop } = await startPostgres();
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const { rows } = await admin.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    return new BenchPostgres(rows[0]?.version ?? '', url, admin, stop);
  }

  /** @returns the address of a new, empty database */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `portcullis_bench_${process.pid}_${this.#databases}`;
    await this.#admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async stop(): Promise<void> {
    for (let index = this.#databases; index > 0; index -= 1)
      await this.#admin.query(`DROP DATABASE portcullis_bench_${process.pid}_${index} WITH (FORCE)`);
    await this.#admin.end();
    await this.#stop();
  }
}
