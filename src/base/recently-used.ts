/** Values that were used lately, as many as fit: the one that was not used for longest makes room. */
export class RecentlyUsed<Value> {
  private readonly values = new Map<string, { readonly value: Value; readonly size: number }>();
  private size = 0;

  constructor(private readonly capacity: number) {}

  /** @param sizeOf of a value, in the unit of the capacity */
  get(key: string, make: () => Value, sizeOf: (value: Value) => number): Value {
    const known = this.values.get(key);
    if (known) {
      // A Map remembers in which order its keys came.
      this.values.delete(key);
      this.values.set(key, known);
      return known.value;
    }
    const value = make();
    const size = sizeOf(value);
    this.values.set(key, { value, size });
    this.size += size;
    for (const [oldest, { size }] of this.values) {
      if (this.size <= this.capacity || oldest === key) break;
      this.values.delete(oldest);
      this.size -= size;
    }
    return value;
  }
}
