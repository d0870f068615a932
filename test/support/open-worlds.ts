/** What audits the worlds that are open in this test file; see audit-after-each.ts. */
export const audits = new Set<() => Promise<void>>();
