// What is known of the points, whoever draws them.

export class Cloud {
  constructor(canvas) {
    this.canvas = canvas;
    this.n = 0;
    this.share = 1; // of the way from before to after
    this.deep = 0; // 1 in 3-D
    this.codes = this.flags = new Uint8Array(0);
    this.colours = [];
    this.symbols = [];
    this.anyChosen = this.anyFound = false;
  }

  // Float32Array (n, 3) each, -1 … 1: where the points were and where they go.
  put(before, after) {
    this.before = before;
    this.after = after;
    this.n = after.length / 3;
    if (this.codes.length !== this.n) this.codes = new Uint8Array(this.n);
    if (this.flags.length !== this.n) this.flags = new Uint8Array(this.n);
  }

  // codes Uint8Array (n,); colours [[r, g, b, a], …] of 0 … 255; symbols [number, …]
  paint(codes, colours, symbols) {
    Object.assign(this, { codes, colours, symbols });
  }

  // flags Uint8Array (n,): 1 selected, 2 found
  mark(flags, anyChosen, anyFound) {
    Object.assign(this, { flags, anyChosen, anyFound });
  }

  // Where the points are now, Float32Array (n, 3).
  now() {
    if (this.share >= 1) return this.after;
    const found = new Float32Array(this.after.length);
    for (let i = 0; i < found.length; i++) {
      found[i] = this.before[i] + (this.after[i] - this.before[i]) * this.share;
    }
    return found;
  }

  // Where all of them are seen now, Float32Array (n, 3): x, y, depth.
  seen(view) {
    const now = this.now();
    if (!this.deep) return now;
    const found = new Float32Array(now.length);
    for (let i = 0; i < now.length; i += 3) {
      const [x, y, z] = turned([now[i], now[i + 1], now[i + 2]], view);
      found[i] = x;
      found[i + 1] = y;
      found[i + 2] = z;
    }
    return found;
  }

  // The same of one.
  place(i, view) {
    const at = [0, 1, 2].map((axis) => {
      const before = this.before[3 * i + axis], after = this.after[3 * i + axis];
      return before + (after - before) * this.share;
    });
    return turned(at, view);
  }

  // Whether a point stands out, where something is selected or searched for.
  strong(i) {
    return this.anyChosen ? this.flags[i] & 1 : this.anyFound ? this.flags[i] & 2 : 1;
  }
}

// A map seen from elsewhere: turned about its y axis, then about the x axis of the plane.
export function turned([x, y, z], { yaw, pitch }) {
  const depth = Math.cos(yaw) * z - Math.sin(yaw) * x;
  return [
    Math.cos(yaw) * x + Math.sin(yaw) * z,
    Math.cos(pitch) * y - Math.sin(pitch) * depth,
    Math.sin(pitch) * y + Math.cos(pitch) * depth,
  ];
}

export const FAINT = 0.13; // opacity of points that do not stand out,
export const CLEAR = 0.85; // and of the others
export const MARKED = 1.35; // how much larger those are that do
export const NEARER = 0.3; // share by which the nearest points of a 3-D map are larger
