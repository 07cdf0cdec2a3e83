// Points on the graphics card, on their way from one map to another.
//
// Positions lie there as they were and as they will be; a frame only says how far they have come.
// Plotly's points would be computed anew for each frame.

const VERTEX = `#version 300 es
in vec3 before; in vec3 after; in float code; in float mark;
uniform float share; uniform mat3 turn; uniform vec2 scale; uniform vec2 shift;
uniform float size; uniform float deep; uniform float pass; uniform vec2 marks;
uniform sampler2D palette;
out vec4 colour; flat out int symbol; flat out float ring; flat out float radius;
void main() {
  vec3 at = turn * mix(before, after, share);
  gl_Position = vec4(at.xy * scale + shift, -0.4 * deep * at.z, 1.0);
  vec4 found = texelFetch(palette, ivec2(int(code), 0), 0);
  symbol = int(texelFetch(palette, ivec2(int(code), 1), 0).r * 255.0 + 0.5);
  bool chosen = mod(mark, 2.0) > 0.5, hit = mark > 1.5;
  bool strong = marks.x > 0.5 ? chosen : (marks.y > 0.5 ? hit : true);
  bool now = strong == (pass > 0.5);
  ring = hit ? 1.0 : 0.0;
  float marked = marks.x + marks.y > 0.5 && strong ? 1.35 : 1.0;
  radius = size * marked * (1.0 + 0.3 * deep * at.z) + 2.0 * ring;
  colour = vec4(found.rgb, found.a * (strong ? 0.85 : 0.13));
  gl_PointSize = now && found.a > 0.0 ? radius + 2.0 : 0.0;
  if (!(now && found.a > 0.0)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

// shapes: 1 at the border, less inside; in the order of figures/colouring.py
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour; flat in int symbol; flat in float ring; flat in float radius;
uniform vec3 ink;
out vec4 shown;
float cross4(vec2 p) { p = abs(p); return max(max(p.x, p.y), 2.6 * min(p.x, p.y)); }
float form(vec2 p) {
  vec2 a = abs(p);
  if (symbol == 1) return max(a.x, a.y) * 1.15;
  if (symbol == 2) return a.x + a.y;
  if (symbol == 3) return cross4(p);
  if (symbol == 4) return cross4(vec2(p.x + p.y, p.x - p.y) * 0.7071);
  if (symbol == 5) return max(a.x * 1.5 - p.y * 0.75 + 0.2, p.y * 1.3 + 0.1);
  if (symbol == 6) {
    float w = mod(atan(p.x, -p.y) / 1.2566 + 0.5, 1.0) - 0.5;
    return length(p) * mix(1.0, 2.3, abs(w) * 2.0);
  }
  if (symbol == 7) return max(a.x * 0.577 + a.y, a.x * 1.155);
  if (symbol == 8) return max(a.x, 1.0 + (a.y - a.x) * 2.0);
  return length(p);
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0 * (radius + 2.0) / radius;
  float edge = 2.0 / radius;
  float d = form(p);
  float cover = 1.0 - smoothstep(1.0 - edge, 1.0 + edge * 0.5, d);
  if (cover <= 0.01) discard;
  float rim = ring * smoothstep(0.58, 0.72, d);
  shown = vec4(mix(colour.rgb, ink, rim), max(colour.a, rim * 0.9) * cover);
}`;

export function scene(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true });
  return gl ? new Scene(canvas, gl) : new Plain(canvas);
}

// What both ways of drawing know.
class Points {
  constructor(canvas) {
    this.canvas = canvas;
    this.n = 0;
    this.share = 1;
    this.deep = 0;
    this.anyChosen = this.anyFound = false;
  }

  // Float32Array (n, 3), each; where the points were and where they go
  put(before, after) {
    this.before = before;
    this.after = after;
    this.n = after.length / 3;
  }

  // where the points are now, Float32Array (n, 3)
  now() {
    if (this.share >= 1) return this.after;
    const found = new Float32Array(this.after.length);
    for (let i = 0; i < found.length; i++) {
      found[i] = this.before[i] + (this.after[i] - this.before[i]) * this.share;
    }
    return found;
  }

  // where one point is now, on the plane that is looked at: [x, y], -1 … 1 across the map
  place(i, turn) {
    const at = [0, 1, 2].map((axis) => {
      const b = this.before[3 * i + axis], a = this.after[3 * i + axis];
      return b + (a - b) * this.share;
    });
    return turned(at, turn);
  }
}

export function turned([x, y, z], { yaw, pitch }) {
  const depth = Math.cos(yaw) * z - Math.sin(yaw) * x;
  return [
    Math.cos(yaw) * x + Math.sin(yaw) * z,
    Math.cos(pitch) * y - Math.sin(pitch) * depth,
    Math.sin(pitch) * y + Math.cos(pitch) * depth,
  ];
}

class Scene extends Points {
  constructor(canvas, gl) {
    super(canvas);
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.build();
      if (this.n) this.put(this.before, this.after);
      if (this.codes) this.paint(this.codes, this.colours, this.symbols);
      if (this.flags) this.mark(this.flags, this.anyChosen, this.anyFound);
      this.again?.();
    });
    this.build();
  }

  build() {
    const gl = this.gl;
    const program = (this.program = gl.createProgram());
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
    this.at = {};
    for (const name of ["share", "turn", "scale", "shift", "size", "deep", "pass", "marks",
      "palette", "ink"]) {
      this.at[name] = gl.getUniformLocation(program, name);
    }
    this.buffers = {};
    for (const [name, width, kind] of [["before", 3, gl.FLOAT], ["after", 3, gl.FLOAT],
      ["code", 1, gl.UNSIGNED_BYTE], ["mark", 1, gl.UNSIGNED_BYTE]]) {
      const place = gl.getAttribLocation(program, name);
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, kind, false, 0, 0);
    }
    this.palette = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
    this.buffered = 0;
  }

  fill(name, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }

  put(before, after) {
    super.put(before, after);
    this.fill("before", before);
    this.fill("after", after);
    if (this.buffered !== this.n) {
      this.buffered = this.n;
      if (this.codes?.length !== this.n) this.codes = new Uint8Array(this.n);
      if (this.flags?.length !== this.n) this.flags = new Uint8Array(this.n);
      this.fill("code", this.codes);
      this.fill("mark", this.flags);
    }
  }

  // codes Uint8Array (n,); colours [[r, g, b, a], …] in 0 … 255; symbols [number, …]
  paint(codes, colours, symbols) {
    const gl = this.gl;
    Object.assign(this, { codes, colours, symbols });
    if (codes.length === this.n) this.fill("code", codes);
    const texels = new Uint8Array(2 * 256 * 4);
    colours.forEach((rgba, i) => {
      texels.set(rgba, 4 * i);
      texels[4 * (256 + i)] = symbols[i];
    });
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  // flags Uint8Array (n,): 1 selected, 2 found
  mark(flags, anyChosen, anyFound) {
    Object.assign(this, { flags, anyChosen, anyFound });
    if (flags.length === this.n) this.fill("mark", flags);
  }

  // view: {yaw, pitch, scale: [x, y], shift: [x, y]}; size of a point in device pixels
  draw(view, size, ink) {
    const gl = this.gl, at = this.at;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.n || gl.isContextLost()) return;
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
    for (const pass of this.anyChosen || this.anyFound ? [0, 1] : [1]) {
      gl.uniform1f(at.pass, pass);
      gl.drawArrays(gl.POINTS, 0, this.n);
    }
  }

  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

// The same without a graphics card: squares.
class Plain extends Points {
  constructor(canvas) {
    super(canvas);
    this.pen = canvas.getContext("2d");
  }

  paint(codes, colours) {
    Object.assign(this, { codes, colours });
  }

  mark(flags, anyChosen, anyFound) {
    Object.assign(this, { flags, anyChosen, anyFound });
  }

  draw(view, size) {
    const { width, height } = this.canvas, pen = this.pen;
    pen.clearRect(0, 0, width, height);
    if (!this.codes || this.codes.length !== this.n) return;
    for (const strongNow of [false, true]) {
      for (let i = 0; i < this.n; i++) {
        const [r, g, b, a] = this.colours[this.codes[i]] ?? [128, 128, 128, 255];
        const flag = this.flags?.[i] ?? 0;
        const strong = this.anyChosen ? flag & 1 : this.anyFound ? flag & 2 : 1;
        if (!a || Boolean(strong) !== strongNow) continue;
        const [x, y] = this.place(i, view);
        pen.fillStyle = `rgba(${r},${g},${b},${strong ? 0.85 : 0.13})`;
        pen.fillRect(
          (x * view.scale[0] + view.shift[0] + 1) * width / 2 - size / 2,
          (1 - y * view.scale[1] - view.shift[1]) * height / 2 - size / 2, size, size);
      }
    }
  }

  end() {}
}
