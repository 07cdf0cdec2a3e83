// The map of the dashboard: panels side by side, one slider for their layers, one selection.
// What it is told is written in dashboard/panels/map_data.py.

import { bits, codes, points, texts } from "./fetched.js";
import { element, filled, Panel } from "./panel.js";
import { SYMBOLS } from "./symbols.js";

const SETTLED = 250; // ms after which a layer that is still shown goes into the link
const STAY = 1100; // ms on a layer while playing
const MOST_ROWS = 60; // sentences picked one by one
const MADE = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let atlas = MADE.get(parentElement);
  if (!atlas) {
    atlas = new Atlas(parentElement);
    MADE.set(parentElement, atlas);
  }
  atlas.told(data, setStateValue, setTriggerValue);
  // Streamlit also calls this when it was told anew while it loaded: only what is gone ends
  return () => setTimeout(() => {
    const host = parentElement.host ?? parentElement;
    if (!host.isConnected && MADE.delete(parentElement)) atlas.end();
  });
}

class Atlas {
  constructor(parent) {
    this.panels = new Map();
    this.hidden = new Set();
    this.hovered = -1;
    this.select = "";
    this.layer = null;
    this.turns = 0; // deeds so far; each goes to the server with its number
    this.sent = null;
    this.tool = matchMedia("(pointer: coarse)").matches ? "move" : "lasso";
    this.build(parent);
  }

  build(parent) {
    this.root = element("div", "atlas");
    this.bar = element("div", "bar");
    this.play = button("play", () => this.playing ? this.stop() : this.start());
    this.label = element("label", "label");
    this.slider = element("input", "slider");
    Object.assign(this.slider, { type: "range", min: 0, step: 1, id: "layer" });
    this.label.htmlFor = "layer";
    this.value = element("output", "value");
    this.slider.addEventListener("input", () => this.slide(Number(this.slider.value)));
    const layers = element("div", "layers");
    layers.append(this.play, this.label, this.slider, this.value);
    this.tools = element("div", "tools");
    this.tools.setAttribute("role", "group");
    this.buttons = {};
    for (const tool of ["lasso", "box", "move"]) {
      this.buttons[tool] = button(`tool ${tool}`, () => this.use(tool));
      this.tools.append(this.buttons[tool]);
    }
    this.zooms = element("div", "tools");
    const every = (what) => this.panels.forEach((panel) => { what(panel); panel.redraw(); });
    for (const [name, what] of [["further", (p) => p.zoom(1 / 1.4)], ["closer", (p) => p.zoom(1.4)],
      ["whole", (p) => p.reset()]]) {
      this.buttons[name] = button(`tool ${name}`, () => every(what));
      this.zooms.append(this.buttons[name]);
    }
    this.clearing = button("clear", () => this.clear());
    this.legend = element("div", "legend");
    this.row = element("div", "panels");
    this.tip = element("div", "tip");
    this.tip.setAttribute("aria-hidden", "true");
    this.bar.append(layers, this.tools, this.zooms, this.clearing);
    this.help = element("p", "help");
    this.root.append(this.bar, this.legend, this.row, this.help, this.tip);
    parent.append(this.root);
  }

  told(data, setState, setTrigger) {
    Object.assign(this, { data, setState, setTrigger });
    // a picture from before the last deed must not undo it
    const fresh = (this.sent === null || data.turn === this.sent) && !this.timer;
    // labels and predictions share their groups; a group of another colouring is another
    const groups = JSON.stringify(data.look?.groups.map((group) => group.name));
    if (this.run !== data.run || this.groups !== groups) this.hidden.clear();
    this.groups = groups;
    if (this.run !== data.run) {
      this.run = data.run;
      if (data.dimensions === 3) this.tool = "move";
    }
    if (fresh || this.layer === null) {
      if (!this.playing) this.layer = data.layer;
      this.select = data.select;
      this.chosen = bits(data.selected, data.n);
    }
    if (this.chosen?.length !== data.n) this.chosen = bits(data.selected, data.n);
    this.found = bits(data.found, data.n);
    this.texts = null;
    texts(data.texts).then((found) => { this.texts = found; }, () => {});
    this.arrange();
    this.name();
    this.drawLegend();
    this.mark();
    this.panels.forEach((panel) => panel.show(this.layer));
    this.fetchAhead();
  }

  // The panels that are asked for, in their order.
  arrange() {
    const asked = this.data.panels.map((info) => info.pooling);
    for (const [pooling, panel] of this.panels) {
      if (asked.includes(pooling)) continue;
      panel.end();
      this.panels.delete(pooling);
    }
    this.row.dataset.count = asked.length;
    for (const info of this.data.panels) {
      let panel = this.panels.get(info.pooling);
      if (!panel) {
        panel = new Panel(this);
        Object.assign(panel.view, this.angles ?? {});
        this.panels.set(info.pooling, panel);
      }
      panel.told(this.data, info);
    }
    const order = asked.map((pooling) => this.panels.get(pooling).root);
    if (order.some((root, i) => this.row.children[i] !== root)) this.row.append(...order);
  }

  name() {
    const { words, layers, dimensions } = this.data;
    this.slider.max = layers - 1;
    this.label.textContent = words.layer;
    this.showLayer();
    this.buttons.move.title = dimensions === 3 ? words.turn : words.move;
    for (const tool of ["lasso", "box", "closer", "further", "whole"]) {
      this.buttons[tool].title = words[tool];
    }
    for (const one of Object.values(this.buttons)) one.setAttribute("aria-label", one.title);
    this.tools.setAttribute("aria-label", words.tools);
    this.clearing.textContent = words.clear;
    this.help.textContent = words.help;
    this.use(this.tool);
    this.showPlaying();
  }

  showLayer() {
    this.slider.value = this.layer;
    this.value.textContent = `${this.layer} / ${this.data.layers - 1}`;
  }

  use(tool) {
    this.tool = tool;
    for (const name of ["lasso", "box", "move"]) {
      this.buttons[name].setAttribute("aria-pressed", String(name === tool));
    }
    this.root.dataset.tool = tool;
  }

  // ---- layers

  slide(layer) {
    this.stop();
    this.go(layer);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), SETTLED);
  }

  go(layer) {
    this.layer = layer;
    this.showLayer();
    this.hover(-1);
    this.panels.forEach((panel) => panel.show(layer));
  }

  start() {
    this.playing = true;
    this.showPlaying();
    const open = (panel) => panel.maps.some((map) => !map.address && !map.never);
    if (this.data.panels.some(open)) this.setTrigger("all", true);
    this.step(this.layer >= this.data.layers - 1);
  }

  // One layer further; a layer that is being drawn is waited for.
  step(again = false) {
    if (!this.playing) return;
    const next = again ? 0 : this.layer + 1;
    if (next >= this.data.layers) return this.stop(true);
    const coming = this.data.panels.some(({ maps }) => !maps[next].address && !maps[next].never);
    const empty = this.data.panels.every(({ maps }) => maps[next].never);
    if (!coming) this.go(next);
    this.beat = setTimeout(() => this.step(), coming ? 200 : empty ? 10 : STAY);
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    clearTimeout(this.beat);
    this.showPlaying();
    this.send();
  }

  showPlaying() {
    const { words } = this.data;
    this.play.classList.toggle("playing", Boolean(this.playing));
    this.play.title = this.playing ? words.stop : words.play;
    this.play.setAttribute("aria-label", this.play.title);
  }

  // The server hears what is shown now: the link and what stands below follow.
  send() {
    clearTimeout(this.timer);
    this.timer = null;
    this.turns = Math.max(this.turns, this.data.turn ?? 0) + 1;
    this.sent = this.turns;
    this.setState("view", { layer: this.layer, select: this.select, turn: this.turns });
  }

  fetchAhead() {
    for (const panel of this.data.panels) {
      for (const map of panel.maps) {
        if (map.address) points(map.address, this.data.dimensions).catch(() => {});
      }
      for (const address of panel.codes ?? []) codes(address).catch(() => {});
    }
  }

  // ---- what panels say

  hover(point, panel, where) {
    if (point < 0 && this.hovered < 0) return;
    this.hovered = point;
    this.panels.forEach((one) => one.redraw());
    this.tip.classList.toggle("shown", point >= 0 && Boolean(this.texts));
    if (point < 0 || !this.texts || !panel) return;
    const { labels, texts: all, rows } = this.texts;
    const parts = [[labels?.[point], "strong"], [all[point], "span"],
      [filled(this.data.words.row, { row: rows[point] }), "small"]];
    this.tip.replaceChildren(...parts.filter(([text]) => text !== undefined).map(([text, tag]) => {
      const part = document.createElement(tag);
      part.textContent = text;
      return part;
    }));
    this.place(panel, where);
  }

  place(panel, [x, y]) {
    const outer = this.root.getBoundingClientRect(), inner = panel.frame.getBoundingClientRect();
    const { offsetWidth: w, offsetHeight: h } = this.tip;
    const left = Math.max(4, Math.min(inner.left - outer.left + x + 14, outer.width - w - 4));
    const above = inner.top - outer.top + y - h - 12;
    const top = above < 0 ? inner.top - outer.top + y + 16 : above;
    this.tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  lasso(token, flags) {
    this.stop();
    this.select = token;
    this.chosen = flags;
    this.mark();
    this.send();
  }

  pick(point, more) {
    if (!this.texts) return;
    const picked = more && this.select.startsWith("rows~") ? this.select.split("~").slice(1) : [];
    const row = String(this.texts.rows[point]);
    const rows = picked.includes(row) ? picked.filter((one) => one !== row) : [...picked, row];
    const flags = more && picked.length && this.chosen ? this.chosen.slice()
      : new Uint8Array(this.data.n);
    flags[point] = Number(rows.includes(row));
    if (!rows.length) return this.clear();
    this.lasso(["rows", ...rows.slice(-MOST_ROWS)].join("~"), flags);
  }

  clear() {
    if (!this.select) return;
    this.select = "";
    this.chosen = null;
    this.mark();
    this.send();
  }

  turn(angles) {
    this.angles = angles;
    for (const panel of this.panels.values()) {
      Object.assign(panel.view, angles);
      panel.redraw();
    }
  }

  mark() {
    const { chosen, found } = this;
    const flags = new Uint8Array(this.data.n);
    for (let i = 0; i < flags.length; i++) flags[i] = (chosen?.[i] ?? 0) | ((found?.[i] ?? 0) << 1);
    this.panels.forEach((panel) => panel.mark(flags, Boolean(chosen), Boolean(found)));
    this.clearing.hidden = !this.select;
  }

  // ---- legend

  drawLegend() {
    const { look, words } = this.data;
    this.legend.replaceChildren();
    if (!look) return;
    const title = element("span", "about");
    title.textContent = look.title;
    this.legend.append(title);
    if (look.ends) {
      const strip = element("span", "strip");
      const steps = look.colours.slice(0, -1);
      strip.style.background = `linear-gradient(to right, ${steps.join(", ")})`;
      const [low, high] = look.ends.map((text) => {
        const end = element("span", "end");
        end.textContent = text;
        return end;
      });
      this.legend.append(low, strip, high);
    }
    for (const group of look.groups) this.legend.append(this.entry(group, look, words));
  }

  entry(group, look, words) {
    const made = button("group", () => {
      this.hidden.has(group.code) ? this.hidden.delete(group.code) : this.hidden.add(group.code);
      made.setAttribute("aria-pressed", String(!this.hidden.has(group.code)));
      this.panels.forEach((panel) => panel.paint(this.layer));
    });
    made.title = words.hide;
    made.setAttribute("aria-pressed", String(!this.hidden.has(group.code)));
    const name = element("span", "name");
    name.textContent = group.name;
    made.append(sign(look.colours[group.code], look.symbols[group.code]), name);
    if (group.count !== null) {
      const count = element("span", "count");
      count.textContent = group.count;
      made.append(count);
    }
    return made;
  }

  end() {
    clearTimeout(this.timer);
    clearTimeout(this.beat);
    this.panels.forEach((panel) => panel.end());
    this.root.remove();
  }
}

function button(name, what) {
  const made = element("button", name);
  made.type = "button";
  made.addEventListener("click", what);
  return made;
}

function sign(colour, symbol) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SYMBOLS[symbol] ?? SYMBOLS[0]);
  path.setAttribute("fill", colour);
  svg.append(path);
  return svg;
}
