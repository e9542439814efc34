// Simple syntax highlighting: comments, strings and keywords of Python and Rust.

export type Kind = "comment" | "string" | "keyword" | "plain";
export interface Piece {
  kind: Kind;
  text: string;
}

const PYTHON_KEYWORDS =
  "and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return True try while with yield";
const RUST_KEYWORDS =
  "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while";

/** A token is a comment, a string or a keyword; everything else is plain. */
const tokens = (comment: RegExp, string: RegExp, keywords: string): RegExp =>
  new RegExp(
    `(?<comment>${comment.source})|(?<string>${string.source})|\\b(?<keyword>${keywords.replaceAll(" ", "|")})\\b`,
    "g",
  );
const TOKENS: Record<string, RegExp> = {
  python: tokens(
    /#[^\n]*/,
    /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/,
    PYTHON_KEYWORDS,
  ),
  rust: tokens(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\//,
    /r#*"[\s\S]*?"#*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])'/,
    RUST_KEYWORDS,
  ),
};

/** Splits source code into pieces. An unknown language is one plain piece. */
export function pieces(language: string, source: string): Piece[] {
  const result: Piece[] = [];
  const add = (kind: Kind, text: string): void => {
    if (text) result.push({ kind, text });
  };
  let end = 0;
  for (const match of source.matchAll(TOKENS[language] ?? /(?!)/g)) {
    add("plain", source.slice(end, match.index));
    const { comment, string } = match.groups ?? {};
    if (comment) add("comment", comment);
    else if (string) add("string", string);
    else add("keyword", match[0]);
    end = match.index + match[0].length;
  }
  add("plain", source.slice(end));
  return result;
}
