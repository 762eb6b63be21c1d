// The same as a picture, as a table: for who cannot see the picture, and for who wants the figure.

import { h, type Markup } from './markup.ts'

export interface NumbersTable {
  /** What the table says, for its caption. */
  caption: string
  head: readonly string[]
  /** The first cell names the row. */
  rows: readonly (readonly string[])[]
}

export function numbers({ caption, head, rows }: NumbersTable): Markup {
  if (rows.length === 0) return h`<p class="quiet">${caption}: none.</p>`
  return h`<details class="numbers"><summary>${caption}</summary>${table({ caption, head, rows })}</details>`
}

export function table({ caption, head, rows }: NumbersTable): Markup {
  return h`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${head.map((text, index) => h`<th scope="col"${index === 0 ? h`` : h` class="n"`}>${text}</th>`)}</tr></thead>
<tbody>${rows.map(([name, ...cells]) => h`<tr><th scope="row">${name}</th>${cells.map((cell) => h`<td class="n">${cell}</td>`)}</tr>`)}</tbody>
</table></div>`
}
