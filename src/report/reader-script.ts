/**
 * What every page lets its reader do: switch between light and dark, which it tells as an event "theme" of the document, and
 * sort tables. It runs in the reader's browser, as text; it must use nothing from outside itself.
 */
export function startReading(): void {
  const root = document.documentElement;
  const tell = () => document.dispatchEvent(new Event("theme"));
  document.getElementById("theme")?.addEventListener("click", () => {
    root.dataset.theme = getComputedStyle(root).colorScheme === "dark" ? "light" : "dark";
    tell();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);

  type Row = { readonly row: HTMLTableRowElement; readonly key: number | string | undefined };

  /** Numbers with all their digits, other cells by their text; undefined where a number is missing. */
  function keyOf(row: HTMLTableRowElement, { cellIndex, classList }: HTMLTableCellElement): Row["key"] {
    const { dataset, textContent } = row.cells[cellIndex]!;
    if (!classList.contains("number")) return textContent ?? "";
    return dataset.value === undefined || dataset.value === "NaN" ? undefined : Number(dataset.value);
  }

  const { compare: compareTexts } = new Intl.Collator("en", { numeric: true });
  const compare = (a: Row["key"], b: Row["key"]): number => {
    if (typeof a !== "number" || typeof b !== "number") return compareTexts(String(a), String(b));
    return a < b ? -1 : Number(a > b);
  };

  /** Sorts a table by a column, the other way round the second time; what is missing comes last either way. */
  function sort(header: HTMLTableCellElement): void {
    const table = header.closest("table")!;
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const rows = [...table.tBodies[0]!.rows].map((row): Row => ({ row, key: keyOf(row, header) }));
    const there = rows.filter(({ key }) => key !== undefined).sort((a, b) => direction * compare(a.key, b.key));
    const missing = rows.filter(({ key }) => key === undefined);
    table.tBodies[0]!.append(...[...there, ...missing].map(({ row }) => row));
  }

  for (const button of document.querySelectorAll("th[aria-sort] button")) {
    button.addEventListener("click", () => sort(button.closest("th")!));
  }
}
