// From a transcript to word ids, as emotion_tf/text/tokenizer.py and vocabulary.py do it.

/**
 * Splits a transcript into words, contractions, question marks and exclamation marks.
 *
 * @param {string} text The transcript.
 * @param {string[][]} steps What is done to it, one after the other: the steps of tokenizer.json.
 * @returns {string[]} The tokens in lower case.
 */
export function tokenize(text, steps) {
  const done = {
    replace: (rest, pattern, by) => rest.replaceAll(new RegExp(pattern, "gu"), by.replaceAll("\\1", "$1").replaceAll("\\2", "$2")),
    normalize: (rest, form) => rest.normalize(form),
    lowercase: (rest) => rest.toLowerCase(),
  };
  return steps.reduce((rest, [name, ...rule]) => done[name](rest, ...rule), text).split(" ").filter(Boolean);
}

/** Words and their ids. */
export class Vocabulary {
  /**
   * @param {string} lines The content of vocabulary.txt, in which the number of a line, counted from 0, is the id.
   * @param {{tokenizer: string[][], unknown_word: number, max_words: number}} settings
   */
  constructor(lines, settings) {
    this.ids = new Map(lines.split("\n").slice(0, -1).map((word, id) => [word, id]));
    this.settings = settings;
  }

  /**
   * The ids of a transcript.
   *
   * @param {string} text
   * @returns {Int32Array} `max_words` ids; 0 is padding.
   */
  encode(text) {
    const { tokenizer, unknown_word, max_words } = this.settings;
    const ids = new Int32Array(max_words);
    ids.set(tokenize(text, tokenizer).slice(0, max_words).map((token) => this.ids.get(token) ?? unknown_word));
    return ids;
  }
}
