/** Rows under a title. The first cell of a row names what the others are about; the last may be long. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Names of other entries, with a word on each. */
export interface References {
  /** The list they are in. */
  readonly list: "bounds" | "optimizers";
  readonly names: readonly (readonly [name: string, remark?: string])[];
}

/** Something to be said of an entry, in one line: a term, and in words, as a formula or by name what there is to it. */
export type Fact = { readonly term: string } & (
  | { readonly text: string }
  | { readonly formula: string }
  | { readonly references: References }
);

/** Something that can be named, described once for every medium: pages and the terminal. */
export interface Entry {
  /** What it is, in the words of the documentation: "optimizer", "data set". */
  readonly kind: string;
  readonly name: string;
  /** A sentence or a phrase. */
  readonly summary: string;
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
}

/** What a fact says, for people who see plain text. */
export function plainText(fact: Fact): string {
  if ("text" in fact) return fact.text;
  if ("formula" in fact) return fact.formula;
  return fact.references.names.map(([name, remark]) => (remark ? `${name} (${remark})` : name)).join(", ");
}
