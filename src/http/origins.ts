/** Which pages may use this server from a browser. What is no browser sends no origin, and may always. */
export class Origins {
  private readonly allowed: ReadonlySet<string>;

  /**
   * @param others beside our own, as CORS_ORIGINS has them; `*` for all
   * @param publicUrl as buyers reach this server
   */
  constructor(
    private readonly others: readonly string[],
    publicUrl: string,
  ) {
    this.allowed = new Set([...others, new URL(publicUrl).origin]);
  }

  /** For CORS, where our own pages need no permission: false for nobody, or a list, or all. */
  get foreign(): false | '*' | string[] {
    if (this.others.includes('*')) return '*';
    return this.others.length > 0 && [...this.others];
  }

  /**
   * For WebSockets, which browsers open for any page without asking.
   *
   * @param host that the request came to: what a page has come from may go back there
   */
  isAllowed(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.allowed.has('*') || this.allowed.has(origin)) return true;
    return host !== undefined && URL.parse(origin)?.host === host.toLowerCase();
  }
}
