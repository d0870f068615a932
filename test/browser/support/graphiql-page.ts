import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { projectRoot } from '../../../dev/paths.js';

/** GraphiQL as somebody sees and uses it. */
export class GraphiqlPage {
  readonly response: Locator;
  readonly #run: Locator;

  constructor(readonly page: Page) {
    this.response = page.locator('.graphiql-response');
    this.#run = page.locator('.graphiql-execute-button');
  }

  /** Resolves once its editors are there and hold the first operation. */
  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/graphiql`);
    await this.page.locator('.graphiql-query-editor .view-line').first().waitFor();
  }

  /** Resolves once the operation of that tab stands in the editor. */
  async openTab(title: string, firstLineOfOperation: string): Promise<void> {
    await this.page.getByRole('tab', { name: title, exact: true }).click();
    await this.page.locator('.graphiql-query-editor').getByText(firstLineOfOperation).waitFor();
  }

  async run(): Promise<void> {
    await this.#run.click();
  }

  /**
   * Runs a query or mutation and returns what the server answered, data and errors as they came.
   *
   * @param operation which one, where the text holds several and GraphiQL asks.
   */
  async runOverHttp<Data>(operation?: string): Promise<{ data: Data; errors?: unknown[] }> {
    const answered = this.page.waitForResponse((response) => response.url().endsWith('/graphql'));
    if (operation) await this.#choose(operation);
    else await this.run();
    return (await (await answered).json()) as { data: Data; errors?: unknown[] };
  }

  /** GraphiQL asks which operation once it has read the text, a moment after it stands there. */
  async #choose(operation: string): Promise<void> {
    await this.page.locator('.graphiql-execute-button[aria-haspopup="menu"]').click();
    await this.page.getByRole('menuitem', { name: operation, exact: true }).click();
  }

  /** Pastes over all that stands in one of the editors: typed brackets and quotes would close themselves. */
  async paste(editor: 'query' | 'Variables' | 'Headers', text: string): Promise<void> {
    if (editor !== 'query') await this.page.getByRole('button', { name: editor, exact: true }).click();
    const place =
      editor === 'query'
        ? this.page.locator('.graphiql-query-editor')
        : this.page.locator('section.graphiql-editor-tool .graphiql-editor:visible');
    await place.locator('.view-lines').first().click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await this.page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
    await this.page.keyboard.press('ControlOrMeta+V');
  }

  /** For people to look at: `dist/browser/<name>.png`. */
  async screenshot(name: string): Promise<void> {
    const folder = join(projectRoot, 'dist', 'browser');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }
}
