import { setTimeout } from 'node:timers/promises';
import {
  addPerson,
  administer,
  authorize,
  decide,
  endByClient,
  isLost,
  redeem,
  register,
  reuse,
  rotate,
  type Scene,
} from './actions.ts';
import type { Connection, Person } from './ledger.ts';

const workers = 8;
const fewestPeople = 6;

/** Keeps a server busy with everything that it can do until it has gone, or somebody says stop. */
export async function load(scene: Scene, isOver: () => boolean): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => work(scene, isOver)));
}

async function work(scene: Scene, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await act(scene);
    } catch (error) {
      if (!isLost(error)) scene.ledger.violations.unclean.push(String(error));
      if (isLost(error)) await setTimeout(5);
    }
  }
}

async function act(scene: Scene): Promise<void> {
  const { ledger, chance } = scene;
  const active = ledger.people.filter(({ account, isBusy }) => account !== 'deleted' && !isBusy);
  if (chance.onceIn(8) || ledger.apps.length < 3) return register(scene);
  if (ledger.people.filter(({ account }) => account !== 'deleted').length < fewestPeople || chance.onceIn(40))
    return addPerson(scene);
  const person = chance.pick(active);
  if (person === undefined) return void (await setTimeout(2));
  person.isBusy = true;
  person.isTouched = true;
  try {
    await actFor(person, scene);
  } finally {
    person.isBusy = false;
  }
}

async function actFor(person: Person, scene: Scene): Promise<void> {
  const { chance, ledger } = scene;
  if (person.account === 'disabled' || chance.onceIn(12)) return administer(person, scene);
  if (person.waiting !== undefined && chance.onceIn(2)) return decide(person, scene);
  const usable = person.connections.filter(isUsable);
  const connection = chance.pick(usable);
  const app = chance.pick(ledger.apps);
  if (app !== undefined && (connection === undefined || usable.length < 3 || chance.onceIn(5)))
    return authorize(person, app, scene);
  if (connection !== undefined) return use(connection, scene);
}

async function use(connection: Connection, scene: Scene): Promise<void> {
  const { chance } = scene;
  if (connection.codeState === 'live') return redeem(connection, scene, chance.onceIn(6) ? 2 : 1);
  if (chance.onceIn(8)) return endByClient(connection, scene);
  if (connection.refreshTokens.length > 2 && chance.onceIn(8)) return reuse(connection, scene);
  return rotate(connection, scene);
}

/** Whether it is known for sure what a connection can do. */
function isUsable({ state, codeState, isRotationUnsure }: Connection): boolean {
  return state === 'live' && codeState !== 'unsure' && !isRotationUnsure;
}
