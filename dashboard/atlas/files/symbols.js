// The shapes of points, in the order of probing/figures/colouring.py; each in a square of 12.

export const SYMBOLS = [
  "M6,1A5,5 0 1 1 5.99,1Z", "M1.5,1.5H10.5V10.5H1.5Z", "M6,0.5L11.5,6L6,11.5L0.5,6Z",
  "M4,1H8V4H11V8H8V11H4V8H1V4H4Z",
  "M3,1L6,4L9,1L11,3L8,6L11,9L9,11L6,8L3,11L1,9L4,6L1,3Z",
  "M6,1L11.3,10.5H0.7Z",
  "M6,0.5L7.6,4.2L11.6,4.5L8.5,7.1L9.5,11L6,8.9L2.5,11L3.5,7.1L0.4,4.5L4.4,4.2Z",
  "M6,0.8L10.7,3.4V8.6L6,11.2L1.3,8.6V3.4Z", "M1,1.5L6,5.2L11,1.5V10.5L6,6.8L1,10.5Z",
];

// Draw a symbol's face, or its rim, onto a canvas: size pixels wide, its middle at (x, y).
export function stamp(pen, symbol, x, y, size, rim) {
  const path = new Path2D(SYMBOLS[symbol] ?? SYMBOLS[0]);
  pen.save();
  pen.translate(x - size / 2, y - size / 2);
  pen.scale(size / 12, size / 12);
  if (rim) {
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.stroke(path);
  } else pen.fill(path);
  pen.restore();
}

const MASKS = new Map();

// {side, alpha: Uint8Array (side, side)}: how much of each pixel a symbol covers.
export function mask(symbol, size, rim) {
  const key = `${symbol} ${size} ${rim}`;
  if (!MASKS.has(key)) {
    const side = Math.ceil(size) + 2;
    const canvas = new OffscreenCanvas(side, side);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    stamp(pen, symbol, side / 2, side / 2, size, rim);
    const pixels = pen.getImageData(0, 0, side, side).data;
    const alpha = Uint8Array.from({ length: side * side }, (_, i) => pixels[4 * i + 3]);
    MASKS.set(key, { side, alpha });
  }
  return MASKS.get(key);
}

// All symbols in a row of cells, faces in red and rims in green: a picture for the graphics card.
export function sheet(cell) {
  const canvas = new OffscreenCanvas(cell * 16, cell);
  const pen = canvas.getContext("2d");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "lighter";
  pen.fillStyle = "#f00";
  pen.strokeStyle = "#0f0";
  SYMBOLS.forEach((_, symbol) => {
    const x = (symbol + 0.5) * cell;
    for (const rim of [false, true]) stamp(pen, symbol, x, cell / 2, cell * 0.75, rim);
  });
  return canvas;
}
