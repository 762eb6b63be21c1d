// TypeScript without its prose: what is left of a source when comments, and the text of strings, templates and
// regular expressions, are taken out. Rules about code must not trip over sentences about code.

/** Alternatives in this order: comments, strings, a template or brace, a regular expression, and runs of the rest. */
const token = new RegExp([
  String.raw`\/\*[\s\S]*?\*\/`,
  String.raw`\/\/[^\n]*`,
  String.raw`'(?:[^'\\\n]|\\.)*'`,
  String.raw`"(?:[^"\\\n]|\\.)*"`,
  '[`{}]',
  // A slash divides after a value, and begins an expression after an operator, an opening bracket or `return`.
  String.raw`(?<=(?:^|[=(,:;!&|?{}[\]>+]|\breturn|\bof)\s*)\/(?![*\/])(?:[^\/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`,
  '[^\'"`/{}]+',
  String.raw`[\s\S]`,
].join('|'), 'y')

const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

/** The same text with comments left out, and quotes, backquotes and slashes with nothing between them. */
export function codeOf(text: string): string {
  let code = ''
  let at = 0
  /** Depth of braces at which the expression of each open template ends. */
  const templates: number[] = []
  let depth = 0
  const skipTemplateText = (): void => {
    templateText.lastIndex = at
    at += templateText.exec(text)?.[0].length ?? 0
    if (text.startsWith('${', at)) {
      templates.push(depth)
      code += '${'
      at += 2
    } else {
      code += '`'
      at += 1
    }
  }
  while (at < text.length) {
    token.lastIndex = at
    const [part] = token.exec(text)!
    at += part.length
    if (part === '`') {
      code += '`'
      skipTemplateText()
    } else if (part === '}' && templates.at(-1) === depth) {
      templates.pop()
      code += '}'
      skipTemplateText()
    } else {
      if (part === '{') depth++
      if (part === '}') depth--
      code += withoutProse(part)
    }
  }
  return code
}

function withoutProse(part: string): string {
  if (part.startsWith('//') || part.startsWith('/*')) return ''
  if (part.length > 1 && /^['"/]/.test(part)) return `${part[0]}${part[0]}`
  return part
}
