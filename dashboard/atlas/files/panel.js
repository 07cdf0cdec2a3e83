// One map: its points, what lies above them, and what a pointer or a key does there.

import { points as fetchPoints, codes as fetchCodes } from "./fetched.js";
import { inside, read, rounded, written } from "./lasso.js";
import { turned } from "./cloud.js";
import { scene } from "./scene.js";

const GLIDE = 450; // ms from one layer to the next
const NEAR = 10; // pixels from a point within which it is meant
const SVG = "http://www.w3.org/2000/svg";
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Panel {
  // above: {hover(row or -1, panel), lasso(token, flags), pick(row, more), turn(view), tool()}
  constructor(above) {
    this.above = above;
    this.view = { zoom: 1, x: 0, y: 0, yaw: 0.6, pitch: 0.35 };
    this.ratio = 1; // pixels of the canvas to one of the page
    this.build();
    this.cloud = scene(this.canvas);
    this.cloud.again = () => this.redraw();
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.frame);
    this.listen();
  }

  build() {
    this.root = element("section", "panel");
    this.root.panel = this; // for whoever looks at the page with a debugger, or a test
    this.title = element("h2", "title");
    this.frame = element("div", "frame");
    this.canvas = element("canvas", "points");
    this.canvas.setAttribute("role", "img");
    this.canvas.tabIndex = 0;
    this.over = document.createElementNS(SVG, "svg");
    this.over.setAttribute("class", "over");
    this.over.setAttribute("aria-hidden", "true");
    this.line = shape(this.over, "path", "line");
    this.ring = shape(this.over, "circle", "ring");
    this.ring.setAttribute("r", "9");
    this.new = shape(this.over, "g", "new");
    shape(this.new, "path", "star").setAttribute("d", star(11));
    this.newName = shape(this.new, "text", "name");
    this.newName.setAttribute("y", "-16");
    this.notice = element("p", "notice");
    this.notice.setAttribute("role", "status");
    this.said = element("p", "said");
    this.frame.append(this.canvas, this.over, this.notice);
    this.root.append(this.title, this.frame, this.said);
    for (const part of [this.ring, this.new]) part.setAttribute("visibility", "hidden");
  }

  // data: of the component; info: this panel's part of it
  told(data, info) {
    const other = this.data?.run !== data.run;
    Object.assign(this, { data, info });
    this.title.textContent = info.title;
    this.newName.textContent = data.words.new;
    this.root.dataset.pooling = info.pooling;
    this.cloud.deep = data.dimensions === 3 ? 1 : 0;
    if (other) {
      this.reset();
      this.map = null;
    }
  }

  // Show a layer; points glide there from the one that was shown.
  async show(layer) {
    const map = this.info.maps[layer];
    this.layer = layer;
    this.root.dataset.layer = layer;
    this.said.textContent = map.address ? map.said : "";
    this.notice.textContent = map.address ? "" : map.said;
    this.frame.classList.toggle("waiting", !map.address);
    this.describe(map);
    if (!map.address) {
      this.wanted = null;
      return this.redraw();
    }
    this.wanted = map.name;
    this.paint(layer);
    try {
      const found = await fetchPoints(map.address, this.data.dimensions);
      if (this.wanted === map.name && this.map?.name !== map.name) this.go(map, found);
    } catch {
      if (this.wanted === map.name) this.notice.textContent = this.data.words.lost;
    }
    this.redraw();
  }

  describe(map) {
    const { words, n } = this.data;
    this.canvas.setAttribute("aria-label", filled(words.map, {
      n: n.toLocaleString(), pooling: this.info.title, layer: this.layer, said: map.said,
    }));
  }

  async paint(layer) {
    const { look } = this.data;
    const address = this.info.codes && this.info.codes[this.info.codes.length > 1 ? layer : 0];
    this.painted = address;
    let codes = new Uint8Array(this.data.n);
    try {
      if (address) codes = await fetchCodes(address);
    } catch {
      return;
    }
    if (this.painted !== address || !look) return;
    const colours = look.colours.map((c, i) => [...rgb(c), this.above.hidden.has(i) ? 0 : 255]);
    this.cloud.paint(codes, colours, look.symbols);
    this.redraw();
  }

  mark(flags, anyChosen, anyFound) {
    this.cloud.mark(flags, anyChosen, anyFound);
    this.redraw();
  }

  go(map, found) {
    const before = this.map && !still.matches && this.cloud.n === found.points.length / 3
      ? this.cloud.now() : null;
    this.map = { ...map, ...found };
    this.cloud.put(before ?? found.points, found.points);
    this.cloud.share = before ? 0 : 1;
    this.began = null;
    this.root.dataset.map = map.name;
    this.redraw();
  }

  get gliding() {
    return this.cloud.share < 1;
  }

  redraw() {
    this.asked ??= requestAnimationFrame((now) => {
      this.asked = null;
      if (this.gliding) {
        this.began ??= now;
        const part = Math.min(1, (now - this.began) / GLIDE);
        this.cloud.share = part < 1 ? part * part * (3 - 2 * part) : 1;
        this.redraw();
      }
      this.draw();
    });
  }

  draw() {
    const { width, height } = this.canvas;
    const size = (this.data.n <= 500 ? 8 : this.data.n <= 3000 ? 6 : 4.5) * this.ratio;
    const zoomed = Math.min(2, Math.sqrt(this.view.zoom));
    this.cloud.draw(this.lens(width, height), Math.round(size * zoomed), this.inks());
    this.drawOver();
  }

  // How the map's square is seen: scale and shift to -1 … 1 across the canvas.
  lens(width = this.canvas.width, height = this.canvas.height) {
    const fit = (0.92 * Math.min(width, height) * this.view.zoom) / (this.deep ? 1.25 : 1);
    const { x, y, yaw, pitch } = this.view;
    const scale = [fit / width, fit / height];
    const angles = this.deep ? { yaw, pitch } : { yaw: 0, pitch: 0 };
    return { ...angles, scale, shift: [x * scale[0], y * scale[1]] };
  }

  get deep() {
    return this.data?.dimensions === 3;
  }

  // From the plane that is looked at to pixels of the page, and back.
  seen([x, y], lens = this.lens()) {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    return [((x * lens.scale[0] + lens.shift[0] + 1) * w) / 2,
      ((1 - y * lens.scale[1] - lens.shift[1]) * h) / 2];
  }

  meant([x, y], lens = this.lens()) {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    return [((2 * x) / w - 1 - lens.shift[0]) / lens.scale[0],
      (1 - (2 * y) / h - lens.shift[1]) / lens.scale[1]];
  }

  // Pixels of a point on the page's canvas, as it is drawn now.
  where(i) {
    const lens = this.lens();
    return this.seen(this.cloud.place(i, lens), lens);
  }

  nearest(at) {
    if (!this.map || this.gliding || !this.wanted) return -1;
    const lens = this.lens(), places = this.cloud.seen(lens), hidden = this.above.hidden;
    const [x0, y0] = this.seen([0, 0], lens), [x1, y1] = this.seen([1, 1], lens);
    let best = -1, least = NEAR * NEAR;
    for (let i = 0; i < this.cloud.n; i++) {
      if (hidden.size && hidden.has(this.cloud.codes[i])) continue;
      const x = x0 + places[3 * i] * (x1 - x0), y = y0 + places[3 * i + 1] * (y1 - y0);
      const away = (x - at[0]) ** 2 + (y - at[1]) ** 2;
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }

  drawOver() {
    const there = this.wanted && this.map;
    const hovered = this.above.hovered;
    const showRing = there && hovered >= 0 && hovered < this.cloud.n;
    this.ring.setAttribute("visibility", showRing ? "visible" : "hidden");
    if (showRing) moveTo(this.ring, this.where(hovered));
    const spot = there && !this.gliding && this.info.maps[this.layer].new;
    this.new.setAttribute("visibility", spot ? "visible" : "hidden");
    if (spot) moveTo(this.new, this.seenOfMap(spot.length === 3 ? spot : [...spot, 0]));
    this.line.setAttribute("d", this.drag?.path ? outline(this.drag.path) : this.chosenLine());
  }

  // Pixels of a place in the map's own coordinates.
  seenOfMap(place) {
    const lens = this.lens();
    const { centre, half } = this.map;
    return this.seen(turned(place.map((v, axis) => (v - centre[axis]) / half), lens), lens);
  }

  // The line that selected, where it was drawn on this very map.
  chosenLine() {
    const found = this.wanted && this.map && read(this.above.select);
    if (!found || found.map !== this.map.name || this.gliding) return "";
    const { yaw, pitch } = this.view;
    if (found.turn && Math.hypot(found.turn[0] - yaw, found.turn[1] - pitch) > 1e-3) return "";
    const lens = this.lens(), { half } = this.map;
    const centre = turned(this.map.centre, lens);
    return outline(found.corners.map(([x, y]) =>
      this.seen([(x - centre[0]) / half, (y - centre[1]) / half], lens)));
  }

  resized() {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(this.frame.clientWidth * this.ratio));
    this.canvas.height = Math.max(1, Math.round(this.frame.clientHeight * this.ratio));
    if (this.data) this.draw();
  }

  inks() {
    const style = getComputedStyle(this.frame);
    return { ink: rgb(style.color), paper: rgb(style.backgroundColor) };
  }

  // ---- what people do

  listen() {
    const on = (name, what) => this.canvas.addEventListener(name, (event) => what(event));
    this.touching = new Map();
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event, true));
    on("pointerleave", () => this.above.hover(-1, this));
    on("dblclick", () => { this.reset(); this.redraw(); });
    on("keydown", (event) => this.key(event));
    on("contextmenu", (event) => { if (event.ctrlKey) event.preventDefault(); });
    this.canvas.addEventListener("wheel", (event) => {
      // elsewhere the wheel moves the page: a map takes it once it was clicked
      if (!event.ctrlKey && this.canvas.getRootNode().activeElement !== this.canvas) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), at(event));
    }, { passive: false });
  }

  down(event) {
    if (!this.map || !this.wanted) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.touching.set(event.pointerId, at(event));
    if (this.touching.size === 2) {
      this.drag = { pinch: true };
      return;
    }
    const tool = event.button === 0 ? this.above.tool : "move";
    this.drag = { tool, from: at(event), last: at(event), moved: false, path: null };
  }

  move(event) {
    const now = at(event), before = this.touching.get(event.pointerId);
    if (!before || !this.drag) {
      if (event.pointerType !== "touch") this.above.hover(this.nearest(now), this, now);
      return;
    }
    if (this.drag.pinch) {
      this.pinch(event.pointerId, now);
      return;
    }
    this.touching.set(event.pointerId, now);
    if (Math.hypot(now[0] - this.drag.from[0], now[1] - this.drag.from[1]) > 4) {
      if (!this.drag.moved) this.above.hover(-1, this);
      this.drag.moved = true;
    }
    if (!this.drag.moved) return;
    const { tool, from, last } = this.drag;
    if (tool === "lasso") (this.drag.path ??= [from]).push(now);
    else if (tool === "box") {
      this.drag.path = [from, [now[0], from[1]], now, [from[0], now[1]]];
    } else if (this.deep && event.buttons !== 4) this.rotate(now[0] - last[0], now[1] - last[1]);
    else this.pan(now[0] - last[0], now[1] - last[1]);
    this.drag.last = now;
    this.redraw();
  }

  up(event, cancelled = false) {
    const drag = this.drag;
    this.touching.delete(event.pointerId);
    if (this.touching.size || !drag) return;
    this.drag = null;
    if (!cancelled && !drag.pinch) {
      if (drag.path) this.select(drag.path);
      else if (!drag.moved && event.button === 0) {
        const point = this.nearest(at(event));
        if (point >= 0) this.above.pick(point, event.shiftKey);
        if (event.pointerType === "touch") this.above.hover(point, this, at(event));
      }
    }
    this.redraw();
  }

  pinch(id, now) {
    const [other] = [...this.touching.entries()].filter(([key]) => key !== id).map(([, v]) => v);
    const before = this.touching.get(id);
    const length = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
    this.touching.set(id, now);
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoom(length(now) / length(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
  }

  pan(dx, dy) {
    const lens = this.lens();
    this.view.x += (2 * dx) / this.canvas.clientWidth / lens.scale[0];
    this.view.y -= (2 * dy) / this.canvas.clientHeight / lens.scale[1];
    this.redraw();
  }

  rotate(dx, dy) {
    const pitch = this.view.pitch + dy * 0.008;
    this.above.turn({
      yaw: (this.view.yaw + dx * 0.008) % (2 * Math.PI),
      pitch: Math.max(-1.57, Math.min(1.57, pitch)),
    });
  }

  zoom(by, around = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    const before = this.meant(around);
    this.view.zoom = Math.max(0.5, Math.min(60, this.view.zoom * by));
    const after = this.meant(around);
    this.view.x += after[0] - before[0];
    this.view.y += after[1] - before[1];
    this.redraw();
  }

  reset() {
    Object.assign(this.view, { zoom: 1, x: 0, y: 0 });
  }

  key(event) {
    const step = 40;
    const turns = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step],
      ArrowDown: [0, -step] };
    if (turns[event.key]) {
      const [dx, dy] = turns[event.key];
      this.deep ? this.rotate(-dx, -dy) : this.pan(dx, dy);
    } else if (event.key === "+" || event.key === "=") this.zoom(1.3);
    else if (event.key === "-") this.zoom(1 / 1.3);
    else if (event.key === "0") this.reset();
    else if (event.key === "Escape") {
      this.drag = null;
      this.above.clear();
    } else return;
    event.preventDefault();
    this.redraw();
  }

  // Select what lies inside a line of pixels.
  select(path) {
    const lens = this.lens(), { centre, half, raw, name } = this.map;
    const middle = turned(centre, lens);
    const corners = rounded(path.map((pixel) => {
      const [x, y] = this.meant(pixel, lens);
      return [x * half + middle[0], y * half + middle[1]];
    }));
    if (corners.length < 3) return;
    const flags = new Uint8Array(this.cloud.n), d = this.data.dimensions;
    for (let i = 0; i < flags.length; i++) {
      const [x, y] = this.deep
        ? turned([raw[3 * i], raw[3 * i + 1], raw[3 * i + 2]], lens) : [raw[d * i], raw[d * i + 1]];
      flags[i] = Number(inside(x, y, corners));
    }
    this.above.lasso(written(name, corners, this.deep ? [lens.yaw, lens.pitch] : null), flags);
  }

  end() {
    this.sizes.disconnect();
    if (this.asked) cancelAnimationFrame(this.asked);
    this.cloud.end();
    this.root.remove();
  }
}

export function element(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function shape(parent, tag, name) {
  const made = document.createElementNS(SVG, tag);
  made.setAttribute("class", name);
  parent.append(made);
  return made;
}

function star(size) {
  return outline([...Array(10).keys()].map((i) => {
    const far = i % 2 ? size * 0.42 : size, angle = (i * Math.PI) / 5;
    return [far * Math.sin(angle), -far * Math.cos(angle)];
  }));
}

const outline = (path) => `M${path.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z`;

const moveTo = (node, [x, y]) => node.setAttribute("transform", `translate(${x},${y})`);

function at(event) {
  return [event.offsetX, event.offsetY];
}

function rgb(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [128, 128, 128]).slice(0, 3).map(Number);
}
