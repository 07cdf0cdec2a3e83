// One step of the browser's history for what a person does: Streamlit writes the address in several
// goes, and each would be a step of its own, half of them between two views.
const MARKED = Symbol.for("cls-probe-history");

const SCHEME = matchMedia("(prefers-color-scheme: dark)");
const PATIENCE = 3000; // ms
let anew, drawn, host;

export default function ({ parentElement, setTriggerValue }) {
  host = parentElement.host ?? parentElement;
  drawn = paper();
  anew = () => { drawn = paper(); setTriggerValue("theme", true); };
  if (history[MARKED]) return;
  history[MARKED] = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let done = true; // something, since the last step: maybe before this was loaded
  const doing = (event) => { done ||= !typing(event); };
  addEventListener("pointerdown", doing, true);
  addEventListener("keydown", doing, true);
  addEventListener("popstate", () => { done = false; }, true);
  history.pushState = (state, title, address) => {
    const same = new URL(address, location.href).href === location.href;
    (done && !same ? push : replace)(state, title, address);
    if (!same) done = false;
  };
  SCHEME.addEventListener("change", recolour);
}

// Charts are drawn by the server in the page's colours, which it hears with the next run: once
// Streamlit has taken over what the system says.
function recolour() {
  const since = performance.now();
  const look = () => {
    if (paper() !== drawn) return anew();
    if (performance.now() - since < PATIENCE) requestAnimationFrame(look);
  };
  look();
}

function paper() {
  return getComputedStyle(host).getPropertyValue("--st-background-color");
}

// The letters of a search are one deed, which begins with the field.
function typing(event) {
  return event.type === "keydown" && event.key !== "Enter" &&
    event.target.closest?.("input[type=text], input[type=search], textarea") != null;
}
