// What the keyboard can reach, and whether one sees where it is. Used by test_accessibility.py.
(() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']";

  const every = root => [...root.querySelectorAll("*")].flatMap(
    element => element.shadowRoot ? [element, ...every(element.shadowRoot)] : [element]);

  const named = element => {
    const name = element.ariaLabel || element.innerText || element.title || element.value || "";
    return `${element.tagName} ${element.role || element.type || ""} "${name.trim().slice(0, 60)}"`;
  };

  // one of a group is reached by Tab, the others by arrows
  const grouped = element => element.closest("[role=radiogroup], [role=toolbar], [role=group]") &&
    element.matches("button, [type=radio]");

  const focused = () => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element;
  };

  const painted = style => [
    style.outlineStyle === "none" ? "" : style.outline, style.boxShadow, style.borderColor,
    style.backgroundColor, style.color, style.textDecorationLine, style.opacity,
  ].join();

  // all that may show the focus: the element, what is around, beside and in it
  const look = element => {
    const around = [];
    for (let at = element; at && around.length < 8; at = at.parentElement) around.push(at);
    const shown = [...around, ...(element.parentElement?.children || []),
      ...[...element.querySelectorAll("*")].slice(0, 40)];
    return shown.flatMap(each => [null, "::before", "::after"].map(
      part => painted(getComputedStyle(each, part)))).join(";");
  };

  let reached, before, last, unseen;

  window.startFocus = () => {
    [reached, before, last, unseen] = [new Set(), "", null, new Set()];
    document.activeElement?.blur();
  };

  // after each Tab; whether the round is over
  window.noteFocus = () => {
    if (last?.isConnected && look(last) === before) unseen.add(last);
    const now = focused();
    if (!now || now === document.body) { last = null; return false; }
    const over = reached.has(now) && reached.size > 15;
    reached.add(now);
    [last, before] = [now, look(now)];
    return over;
  };

  window.endFocus = () => {
    const missed = every(document).filter(element =>
      element.matches(CONTROLS) && element.tabIndex >= 0 && !element.disabled &&
      !element.closest("[inert], [aria-hidden=true]") && !grouped(element) &&
      element.checkVisibility({visibilityProperty: true}) && !reached.has(element));
    // a table draws its own ring; a field one types into has a caret, beside buttons in one frame
    const dim = [...unseen].filter(element =>
      element.isConnected && !element.matches("canvas, [role=combobox]"));
    return [...missed.map(each => `not reached by Tab: ${named(each)}`),
      ...dim.map(each => `focus not to be seen: ${named(each)}`)];
  };
})();
