// Points on the graphics card. Positions lie there as they were and as they will be; a frame only
// says how far they have come. Plotly's points would be computed anew for each frame.

import { CLEAR, Cloud, FAINT, MARKED, NEARER, turned } from "./cloud.js";
import { sheet } from "./symbols.js";

const VERTEX = `#version 300 es
in vec3 before; in vec3 after; in float code; in float mark;
uniform float share; uniform mat3 turn; uniform vec2 scale; uniform vec2 shift;
uniform float size; uniform float deep; uniform float pass; uniform vec2 marks;
uniform sampler2D palette;
out vec4 colour; flat out float symbol; flat out float rim;
void main() {
  vec3 at = turn * mix(before, after, share);
  vec4 found = texelFetch(palette, ivec2(int(code), 0), 0);
  symbol = texelFetch(palette, ivec2(int(code), 1), 0).r * 255.0;
  bool chosen = mod(mark, 2.0) > 0.5, hit = mark > 1.5;
  bool strong = marks.x > 0.5 ? chosen : (marks.y > 0.5 ? hit : true);
  bool now = strong == (pass > 0.5) && found.a > 0.0;
  rim = hit ? 1.0 : 0.0;
  float larger = marks.x + marks.y > 0.5 && strong ? ${MARKED} : 1.0;
  colour = vec4(found.rgb, strong ? ${CLEAR} : ${FAINT});
  // a symbol takes three quarters of its cell
  gl_PointSize = size * larger * (1.0 + ${NEARER} * deep * at.z) / 0.75;
  gl_Position = now ? vec4(at.xy * scale + shift, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour; flat in float symbol; flat in float rim;
uniform vec3 ink; uniform sampler2D sheet;
out vec4 shown;
void main() {
  float cell = floor(symbol + 0.5) + gl_PointCoord.x;
  vec2 cover = texture(sheet, vec2(cell / 16.0, gl_PointCoord.y)).rg;
  float edge = rim * cover.g;
  float alpha = max(colour.a * cover.r, edge);
  if (alpha < 0.01) discard;
  shown = vec4(mix(colour.rgb, ink, edge), alpha);
}`;

const UNIFORMS = ["share", "turn", "scale", "shift", "size", "deep", "pass", "marks", "palette",
  "ink", "sheet"];
const CELL = 64; // pixels of a symbol's cell on the sheet

export class Card extends Cloud {
  constructor(canvas, gl) {
    super(canvas);
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.build();
      if (this.n) this.put(this.before, this.after);
      this.paint(this.codes, this.colours, this.symbols);
      this.again?.();
    });
    this.build();
  }

  build() {
    const gl = this.gl;
    this.program = linked(gl);
    this.at = Object.fromEntries(UNIFORMS.map((n) => [n, gl.getUniformLocation(this.program, n)]));
    this.buffers = {};
    for (const [name, width, kind] of [["before", 3, gl.FLOAT], ["after", 3, gl.FLOAT],
      ["code", 1, gl.UNSIGNED_BYTE], ["mark", 1, gl.UNSIGNED_BYTE]]) {
      const place = gl.getAttribLocation(this.program, name);
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, kind, false, 0, 0);
    }
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, sheet(CELL));
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
  }

  fill(name, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }

  put(before, after) {
    super.put(before, after);
    this.fill("before", before);
    this.fill("after", after);
    this.fill("code", this.codes);
    this.fill("mark", this.flags);
  }

  paint(codes, colours, symbols) {
    super.paint(codes, colours, symbols);
    this.fill("code", codes);
    const gl = this.gl, texels = new Uint8Array(2 * 256 * 4);
    colours.forEach((rgba, i) => {
      texels.set(rgba, 4 * i);
      texels[4 * (256 + i)] = symbols[i];
    });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  mark(flags, anyChosen, anyFound) {
    super.mark(flags, anyChosen, anyFound);
    this.fill("mark", flags);
  }

  // view: {yaw, pitch, scale, shift}; size of a point in pixels; ink [r, g, b]
  draw(view, size, { ink }) {
    const gl = this.gl, at = this.at;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    // buffers of another length than n: told of another run, whose points are on their way
    if (!this.n || this.codes.length < this.n || this.flags.length < this.n) return;
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((axis) => turned(axis, view));
    gl.uniformMatrix3fv(at.turn, false, axes.flat());
    gl.uniform1f(at.share, this.share);
    gl.uniform2fv(at.scale, view.scale);
    gl.uniform2fv(at.shift, view.shift);
    gl.uniform1f(at.size, size);
    gl.uniform1f(at.deep, this.deep);
    gl.uniform2f(at.marks, Number(this.anyChosen), Number(this.anyFound));
    gl.uniform3fv(at.ink, ink.map((part) => part / 255));
    gl.uniform1i(at.palette, 0);
    gl.uniform1i(at.sheet, 1);
    for (const pass of this.anyChosen || this.anyFound ? [0, 1] : [1]) {
      gl.uniform1f(at.pass, pass);
      gl.drawArrays(gl.POINTS, 0, this.n);
    }
  }

  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program));
  }
  return program;
}
