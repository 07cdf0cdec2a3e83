// Points on their way from one map to another, and who draws them.

import { Card } from "./card.js";
import { Plain } from "./plain.js";

// The graphics card where there is one. Where a processor only plays one, plain drawing is many
// times faster.
export function scene(canvas) {
  const draws = globalThis.atlasDraws ?? (hasCard() ? "card" : "plain");
  const gl = draws === "card" ? canvas.getContext("webgl2", { antialias: false }) : null;
  return gl ? new Card(canvas, gl) : new Plain(canvas);
}

let found = null;

function hasCard() {
  if (found !== null) return found;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  const named = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = gl && gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  found = Boolean(gl) && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
  return found;
}
