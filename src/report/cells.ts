import { forTable } from "../base/numbers.js";
import { type Html, html } from "./html.js";

/** A number as people read it; the title of its cell holds all digits. */
const short = (value: number) => forTable(value, 5);

export function numberCell(value: number | undefined): Html {
  if (value === undefined) return html`<td class="number quiet">–</td>`;
  const number = Number(value);
  return html`<td class="number" title="${String(number)}" data-value="${String(number)}">${short(number)}</td>`;
}

/** The head of a column that the reader can sort by. */
export const sortable = (title: string, tone = ""): Html =>
  html`<th class="${tone}" aria-sort="none"><button type="button">${title}</button></th>`;
