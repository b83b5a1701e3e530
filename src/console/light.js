// Words that light up as they are heard, by the clock of what plays them.

/** How long a word stays lit after its end, where none follows. */
const LINGER_S = 0.15;

/** Lights up one of `marks` (`{start, end, made}`, in the order of their starts) within `root`, which scrolls. `clock` tells the
 * seconds that were heard (`at`), whether they go on (`moves`), and whether they have come to their end (`ended`). Its `show` is
 * called when that changes. Assistive technology is told nothing: the words are there to be read as text. */
export class WordLight {
  #lit = null;
  #frame = 0;

  constructor(root, marks, clock) {
    Object.assign(this, {root, marks, clock});
    this.show = this.show.bind(this);
  }

  show() {
    const at = this.clock.at();
    const now = this.clock.ended() ? undefined : this.marks.findLast(mark => mark.start <= at);
    const word = now && at < now.end + LINGER_S ? now.made : null;
    const moves = this.clock.moves();
    if (word !== this.#lit) {
      this.#lit?.classList.remove("now");
      word?.classList.add("now");
      this.#lit = word;
      if (word && moves) this.#keepInView(word);
    }
    cancelAnimationFrame(this.#frame);
    if (moves && this.root.isConnected) this.#frame = requestAnimationFrame(this.show);
  }

  #keepInView(word) {
    const top = word.getBoundingClientRect().top - this.root.getBoundingClientRect().top;
    if (top < 0 || top > this.root.clientHeight - 48) this.root.scrollTop += top - this.root.clientHeight / 3;
  }
}
