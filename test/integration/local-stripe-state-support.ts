import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { projectRoot } from '../../dev/paths.js';
import { connectLocalStripe, type LocalStripeControl, startLocalStripe } from '../../dev/stripe/index.js';
import { supervise } from '../../dev/supervise.js';
import { eventually } from '../support/eventually.js';
import {
  CONNECT_SECRET,
  clientOf,
  openPlatform,
  PLATFORM_SECRET,
  type Platform,
} from './local-stripe-support.js';

/** A state file, and the local Stripes that use it one after the other. */
export class Stage {
  readonly #directory = mkdtempSync(join(tmpdir(), 'boxoffice-stripe-state-'));
  readonly stateFile = join(this.#directory, 'made', 'stripe.json');
  /** What they have logged. */
  readonly log: string[] = [];
  readonly #cleanups: Array<() => Promise<unknown>> = [];

  async open(): Promise<Platform> {
    const platform = await openPlatform({ stateFile: this.stateFile, log: (line) => this.log.push(line) });
    this.#cleanups.push(() => platform.close());
    return platform;
  }

  /** The same platform with another local Stripe. */
  async restart(platform: Platform): Promise<Platform> {
    await platform.local.close();
    const local = await startLocalStripe({
      stateFile: this.stateFile,
      webhookRetryDelaysMs: [1, 1, 1],
      webhookEndpoints: [
        { url: platform.platformHook.url, secret: PLATFORM_SECRET },
        { url: platform.connectHook.url, secret: CONNECT_SECRET, connect: true },
      ],
      log: (line) => this.log.push(line),
    });
    this.#cleanups.push(() => local.close());
    return { ...platform, local, stripe: clientOf(local) };
  }

  /** What is in the file at this moment is all that is left. */
  async killAndRestart(platform: Platform): Promise<Platform> {
    const left = readFileSync(this.stateFile);
    await platform.local.close();
    writeFileSync(this.stateFile, left);
    return this.restart(platform);
  }

  /** As a process of its own. */
  async runAlone(): Promise<{ stripe: Stripe; control: LocalStripeControl; kill(): Promise<unknown> }> {
    const lines: string[] = [];
    const program = await supervise({
      command: process.execPath,
      args: ['dist/dev/stripe/main.js', '--port', '0', '--state-file', this.stateFile],
      cwd: projectRoot,
      env: {},
      onLine: (line) => lines.push(line),
    });
    this.#cleanups.push(() => program.kill());
    const [origin] = await eventually('it tells its address', () => /http:\S+/.exec(lines.join('\n')));
    const { hostname, port } = new URL(origin);
    return {
      stripe: clientOf({ host: hostname, port: Number(port), secretKey: 'sk_test_local' }),
      control: connectLocalStripe(origin),
      kill: () => program.kill(),
    };
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    rmSync(this.#directory, { recursive: true });
  }
}
