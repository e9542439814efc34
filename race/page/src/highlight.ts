// Enough colour to read by: comments, strings and keywords of the languages that the lanes have.

export type Kind = "comment" | "string" | "keyword" | "plain";
export interface Piece {
  kind: Kind;
  text: string;
}

const KEYWORDS: Record<string, string> = {
  python:
    "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield match case",
  rust: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while",
};
const TOKENS: Record<string, RegExp> = {
  python:
    /(?<comment>#[^\n]*)|(?<string>"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<word>[A-Za-z_]\w*)/g,
  rust: /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>r#*"[\s\S]*?"#*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])')|(?<word>[A-Za-z_]\w*)/g,
};

/** The text in pieces; joined they are the text again. An unknown language is one plain piece. */
export function pieces(language: string, source: string): Piece[] {
  const tokens = TOKENS[language];
  if (!tokens) return source ? [{ kind: "plain", text: source }] : [];
  const keywords = new Set((KEYWORDS[language] ?? "").split(" "));
  const result: Piece[] = [];
  const add = (kind: Kind, text: string): void => {
    const last = result.at(-1);
    if (last?.kind === kind) last.text += text;
    else if (text) result.push({ kind, text });
  };
  let end = 0;
  for (const match of source.matchAll(tokens)) {
    add("plain", source.slice(end, match.index));
    const { comment, string } = match.groups ?? {};
    const kind =
      comment !== undefined
        ? "comment"
        : string !== undefined
          ? "string"
          : keywords.has(match[0])
            ? "keyword"
            : "plain";
    add(kind, match[0]);
    end = match.index + match[0].length;
  }
  add("plain", source.slice(end));
  return result;
}
