// A line around points, as probing/projections/lasso.py reads and judges it.

const CORNERS = 32;

// Numbers as they go into the link: what is selected here and there is the same.
export function rounded(corners) {
  return simple(corners).map((pair) => pair.map((v) => Number(v.toPrecision(4))));
}

export function written(map, corners, turn) {
  const head = turn ? `${map}@${turn.map((v) => Number(v.toPrecision(5))).join("_")}` : map;
  return [head, ...corners.map((pair) => pair.join("_"))].join("~");
}

export function read(text) {
  const [head, ...corners] = text.split("~");
  if (corners.length < 3 || head === "rows") return null;
  const [map, turn] = head.split("@");
  return {
    map,
    turn: turn ? turn.split("_").map(Number) : null,
    corners: corners.map((corner) => corner.split("_").map(Number)),
  };
}

export function inside(x, y, corners) {
  let found = false;
  let [x1, y1] = corners[corners.length - 1];
  for (const [x2, y2] of corners) {
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) found = !found;
    [x1, y1] = [x2, y2];
  }
  return found;
}

// Fewer corners, the line nearly the same: those that change its area least go first
// (Visvalingam & Whyatt 1993).
function simple(corners) {
  const left = corners.filter(
    ([x, y], i) => i === 0 || x !== corners[i - 1][0] || y !== corners[i - 1][1]);
  while (left.length > CORNERS) {
    let least = Infinity, which = 0;
    for (let i = 0; i < left.length; i++) {
      const [a, b, c] = [left.at(i - 1), left[i], left[(i + 1) % left.length]];
      const area = Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
      if (area < least) [least, which] = [area, i];
    }
    left.splice(which, 1);
  }
  return left;
}
