/** 53 bits of a text, as many as a number holds exactly: cyrb53 (bryc, public domain). Never 0. */
function fingerprint(text: string): number {
  let [low, high] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 2654435761);
    high = Math.imul(high ^ code, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0) || 1;
}

/** Remembers texts by their fingerprints, about 20 bytes each however long they are. */
export class Fingerprints {
  /** Open addressing; 0 is a free place. */
  private places = new Float64Array(1024);
  private size = 0;

  /** @returns whether the text may have been added before: false is certain, true nearly so */
  add(text: string): boolean {
    if (2 * this.size >= this.places.length) this.grow();
    return this.insert(fingerprint(text));
  }

  private insert(value: number): boolean {
    const { places } = this;
    let at = value % places.length;
    while (places[at] !== 0) {
      if (places[at] === value) return true;
      at = (at + 1) % places.length;
    }
    places[at] = value;
    this.size += 1;
    return false;
  }

  private grow(): void {
    const before = this.places;
    this.places = new Float64Array(2 * before.length);
    this.size = 0;
    for (const value of before) if (value !== 0) this.insert(value);
  }
}
