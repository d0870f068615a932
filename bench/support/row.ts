/** Of the rounds of one run. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Condition {
  readonly text: string;
  readonly met: boolean;
}

/** One line of the table: what was measured, beside what, and what it must reach. */
export interface Row {
  readonly work: string;
  readonly unit: string;
  readonly product: Summary;
  /** What it is compared with; absent where the product's own value is what counts. */
  readonly reference?: Summary & { readonly name: string };
  /** The product's value by the reference's of the same round. */
  readonly ratio?: Summary;
  /** Empty where the row is there for its figures. */
  readonly conditions: readonly Condition[];
  /** Why there is nothing to compare with, or what a reader has to know. */
  readonly note?: string;
}

export interface Bound {
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Comparison {
  readonly work: string;
  readonly unit: string;
  /** One value a round. */
  readonly product: readonly number[];
  /** In the same rounds; undefined where the reference cannot be had on this machine. */
  readonly reference: { readonly name: string; readonly values: readonly number[] | undefined };
  /** For the median of the ratios. */
  readonly target?: Bound;
  readonly conditions?: readonly Condition[];
  readonly note?: string;
}

export function compare({ product, reference, target, conditions = [], ...rest }: Comparison): Row {
  const { name, values } = reference;
  if (values === undefined) {
    const missing = { text: target ? `${describe(target)} of ${name}` : name, met: false };
    return { ...rest, product: summarise(product), conditions: [missing, ...conditions] };
  }
  const ratio = summarise(product.map((value, round) => value / (values[round] as number)));
  return {
    ...rest,
    product: summarise(product),
    reference: { name, ...summarise(values) },
    ratio,
    conditions: [...judge(target, ratio.median, 'x'), ...conditions],
  };
}

/** A row that has no reference: the median of the product's values is what counts. */
export function bounded(row: {
  readonly work: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly target?: Bound;
  readonly conditions?: readonly Condition[];
  readonly note?: string;
}): Row {
  const { values, target, conditions = [], ...rest } = row;
  const product = summarise(values);
  return { ...rest, product, conditions: [...judge(target, product.median, ` ${row.unit}`), ...conditions] };
}

export function isMet(row: Row): boolean {
  return row.conditions.every(({ met }) => met);
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

function judge(target: Bound | undefined, value: number, unit: string): Condition[] {
  if (target === undefined) return [];
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
  return [{ text: describe(target, unit), met: value >= atLeast && value <= atMost }];
}

function describe({ atLeast, atMost }: Bound, unit = 'x'): string {
  const parts = [
    ...(atLeast === undefined ? [] : [`at least ${short(atLeast)}${unit}`]),
    ...(atMost === undefined ? [] : [`at most ${short(atMost)}${unit}`]),
  ];
  return parts.join(', ');
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
