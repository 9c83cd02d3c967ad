/**
 * JSON has no NaN and no infinities, yet monitors remember them ("nothing is stated", "no minimum so far"). `toPlain`
 * spells such numbers out as { number: "NaN" }, and `fromPlain` reads them back.
 */
export function toPlain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) };
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, toPlain(entry)]));
}

/** The inverse of `toPlain`. */
export function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value !== "object" || value === null) return value;
  if ("number" in value && typeof value.number === "string") return Number(value.number);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fromPlain(entry)]));
}
