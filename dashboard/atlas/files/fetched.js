// What the map draws from, fetched once; addresses are relative to the server's root.

const ROOT = new URL("../../../", import.meta.url);
const KEPT = new Map();
const MOST = 200;

function kept(address, read) {
  if (!KEPT.has(address)) {
    if (KEPT.size >= MOST) KEPT.delete(KEPT.keys().next().value);
    const found = fetch(new URL(address, ROOT)).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return read(answer);
    });
    KEPT.set(address, found);
    found.catch(() => KEPT.delete(address));
  }
  return KEPT.get(address);
}

export const texts = (address) => kept(address, (answer) => answer.json());

export const codes = (address) =>
  kept(address, async (answer) => new Uint8Array(await answer.arrayBuffer()));

// A map in a square of -1 … 1: {points: Float32Array (n, 3), centre: [x, y, z], half}.
// Coordinates of the map itself are point * half + centre.
export const points = (address, dimensions) =>
  kept(address, async (answer) => {
    const raw = new Float32Array(await answer.arrayBuffer());
    const n = raw.length / dimensions;
    const centre = [0, 0, 0];
    let half = 0;
    for (let axis = 0; axis < dimensions; axis++) {
      let low = Infinity, high = -Infinity;
      for (let i = axis; i < raw.length; i += dimensions) {
        low = Math.min(low, raw[i]);
        high = Math.max(high, raw[i]);
      }
      centre[axis] = (low + high) / 2;
      half = Math.max(half, (high - low) / 2);
    }
    half ||= 1;
    const found = new Float32Array(3 * n);
    for (let i = 0; i < n; i++) {
      for (let axis = 0; axis < dimensions; axis++) {
        found[3 * i + axis] = (raw[dimensions * i + axis] - centre[axis]) / half;
      }
    }
    return { raw, points: found, centre, half };
  });

export function bits(text, n) {
  if (text === null || text === undefined) return null;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const found = new Uint8Array(n);
  for (let i = 0; i < n; i++) found[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return found;
}
