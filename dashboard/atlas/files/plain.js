// Points without a graphics card: each pixel by hand. Faster than a processor that plays one.

import { CLEAR, Cloud, FAINT, MARKED, NEARER } from "./cloud.js";
import { mask } from "./symbols.js";

export class Plain extends Cloud {
  constructor(canvas) {
    super(canvas);
    this.pen = canvas.getContext("2d");
  }

  // As of a Card; paper [r, g, b] lies below.
  draw(view, size, { ink, paper }) {
    const { width, height } = this.canvas;
    if (this.picture?.width !== width || this.picture?.height !== height) {
      this.picture = this.pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.picture.data.buffer);
    }
    this.pixels.fill(packed(paper));
    if (this.n && this.codes.length >= this.n && this.flags.length >= this.n) {
      const seen = this.seen(view), any = this.anyChosen || this.anyFound;
      if (any) this.stampAll(seen, view, size, FAINT, false, ink);
      this.stampAll(seen, view, any ? size * MARKED : size, CLEAR, true, ink);
    }
    this.pen.putImageData(this.picture, 0, 0);
  }

  // All points that stand out, or all that do not.
  stampAll(seen, view, size, opacity, strong, ink) {
    const { width, height } = this.canvas, { codes, colours } = this;
    const [sx, sy] = view.scale.map((v, i) => (v * [width, height][i]) / 2);
    const [dx, dy] = [(view.shift[0] + 1) * width / 2, (1 - view.shift[1]) * height / 2];
    const packs = colours.map(packed), share = Math.round(opacity * 256), black = packed(ink);
    for (let i = 0; i < this.n; i++) {
      const code = codes[i], colour = colours[code];
      if (!colour || !colour[3] || Boolean(this.strong(i)) !== strong) continue;
      const x = dx + seen[3 * i] * sx, y = dy - seen[3 * i + 1] * sy;
      const s = this.deep ? Math.round(size * (1 + NEARER * seen[3 * i + 2])) : size;
      this.stamp(mask(this.symbols[code] ?? 0, s, false), x, y, packs[code], share);
      if (this.flags[i] & 2) this.stamp(mask(this.symbols[code] ?? 0, s, true), x, y, black, 256);
    }
  }

  // Mix a colour into the pixels that a mask covers; share of 256.
  stamp({ side, alpha }, x, y, colour, share) {
    const { width, height } = this.canvas, pixels = this.pixels;
    const left = Math.round(x - side / 2), top = Math.round(y - side / 2);
    if (left >= width || top >= height || left + side <= 0 || top + side <= 0) return;
    const rb = colour & 0xff00ff, g = colour & 0xff00;
    for (let row = Math.max(0, -top); row < side && top + row < height; row++) {
      let at = (top + row) * width + left, from = row * side;
      for (let column = 0; column < side; column++, at++, from++) {
        const cover = alpha[from];
        if (!cover || left + column < 0 || left + column >= width) continue;
        const a = (cover * share) >> 8, b = 256 - a, old = pixels[at];
        pixels[at] = 0xff000000
          | (((Math.imul(old & 0xff00ff, b) + Math.imul(rb, a)) >>> 8) & 0xff00ff)
          | (((Math.imul(old & 0xff00, b) + Math.imul(g, a)) >>> 8) & 0xff00);
      }
    }
  }

  end() {}
}

const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
