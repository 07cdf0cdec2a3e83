// Points on their way from one map to another, and who draws them.

import { Card } from "./card.js";
import { Plain } from "./plain.js";

// The graphics card where there is one. Where a processor only plays one, plain drawing is faster.
export function scene(canvas) {
  const wanted = { antialias: false, failIfMajorPerformanceCaveat: globalThis.atlasDraws !== "card" };
  const gl = globalThis.atlasDraws === "plain" ? null : canvas.getContext("webgl2", wanted);
  return gl ? new Card(canvas, gl) : new Plain(canvas);
}
