import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { closeGate } from '../support/order-gate.js';
import type { World } from '../support/world.js';

export interface Health {
  /** Of HTTP. */
  readonly code: number;
  readonly status: string;
  readonly checks: Readonly<Record<string, string>>;
}

export async function readHealth({ url }: { readonly url: string }): Promise<Health> {
  const response = await fetch(`${url}/health/ready`);
  const { status, checks } = (await response.json()) as Health;
  return { code: response.status, status, checks };
}

export async function allReady(servers: World['servers']): Promise<void> {
  for (const server of servers) {
    await eventually(`${server.url} is ready`, async () => (await readHealth(server)).status === 'ready');
  }
}

export function oneOf(show: PublishedShow) {
  return { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] };
}

/** Buys a ticket, and tells in which of these Redis nodes its lock was while the order was being made. */
export async function nodesLockedDuring(
  world: World,
  show: PublishedShow,
  urls: readonly string[],
): Promise<boolean[]> {
  await using gate = await closeGate(world.database, show.id);
  const buying = purchase(world.server, oneOf(show));
  await gate.waiting();
  const locked = await Promise.all(
    urls.map((url) => hasKey(url, `lock:{show:${show.id}}:ticket:${show.tickets[0]!.id}`)),
  );
  await gate.open();
  await buying;
  return locked;
}

async function hasKey(url: string, key: string): Promise<boolean> {
  const redis = new Redis(url);
  try {
    return (await redis.exists(key)) === 1;
  } finally {
    redis.disconnect();
  }
}
