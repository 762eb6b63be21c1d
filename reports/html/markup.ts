// Markup that cannot be broken out of. `h` escapes whatever is put into it unless it is Markup already, so a name
// from a file is text wherever it ends up, and forgetting to escape is not possible.

export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = Markup | string | number | null | undefined | readonly Part[]

/** `h\`<p>${name}</p>\``: strings and numbers are escaped, Markup and lists of it are taken as they are, null is nothing. */
export function h(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + string + (index < parts.length ? textOf(parts[index]) : ''), ''))
}

export const nothing = new Markup('')

function textOf(part: Part): string {
  if (part === null || part === undefined) return ''
  if (part instanceof Markup) return part.text
  return Array.isArray(part) ? part.map(textOf).join('') : escapeHtml(String(part))
}

/** For text and for attribute values in either quotes. Control characters that HTML has no place for become U+FFFD. */
export function escapeHtml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** JSON for inside a `<script>`: no `<` can end it, no line separator can break it. */
export function embeddedJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', String.raw`\u003c`).replaceAll('>', String.raw`\u003e`)
    .replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`))
}
