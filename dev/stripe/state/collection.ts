/** Objects of one kind in the order they were made, found by id. */
export class Collection<T extends { readonly id: string }> {
  readonly #items: T[] = [];
  readonly #places = new Map<string, number>();

  add(item: T): T {
    this.#places.set(item.id, this.#items.length);
    this.#items.push(item);
    return item;
  }

  get(id: string): T | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#items[place];
  }

  /** -1 where there is none; later objects have higher places. */
  placeOf(id: string): number {
    return this.#places.get(id) ?? -1;
  }

  at(place: number): T | undefined {
    return this.#items[place];
  }

  get size(): number {
    return this.#items.length;
  }

  /** Newest first, as Stripe lists. */
  *newestFirst(): Generator<T> {
    for (let place = this.#items.length - 1; place >= 0; place -= 1) yield this.#items[place]!;
  }

  some(accepts: (item: T) => boolean): boolean {
    return this.#items.some(accepts);
  }

  filter(accepts: (item: T) => boolean): T[] {
    return this.#items.filter(accepts);
  }
}
