// SPDX-License-Identifier: GPL-3.0-or-later
// Elements without markup from data, and a page that changes only where something changed.

/**
 * An element: `element('p.due', {lang: 'nl'}, 'text', child)`. Children that are null are left out;
 * attributes that are false or null too. `key` tells siblings apart when a list changes its order,
 * `on` holds handlers by event.
 */
export function element(name, attributes, ...children) {
  const [tag, ...classes] = name.split('.');
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(' ');
  const { key, on = {}, ...others } = attributes ?? {};
  if (key !== undefined) made.dataset.key = key;
  for (const [attribute, value] of Object.entries(others)) {
    if (value !== null && value !== false) made.setAttribute(attribute, value === true ? '' : value);
  }
  made.handlers = on;
  for (const event of Object.keys(on)) made.addEventListener(event, handle);
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

/** Handlers are looked up when they run, so that a kept element has those of its latest drawing. */
function handle(event) {
  event.currentTarget.handlers?.[event.type]?.(event);
}

/** A copy of an icon that stands in the page's markup; decoration, the words beside it say the same. */
export function icon(name) {
  const found = document.getElementById('icons').content.querySelector(`[data-icon="${name}"]`);
  return found.cloneNode(true);
}

/** Make the children of `live` those of `wanted`; what stays keeps focus, scrolling, and folds as the reader has them. */
export function update(live, wanted) {
  const kept = keyed(live);
  const staying = keyed(wanted);
  for (const [key, child] of kept) if (!staying.has(key)) child.remove();
  let place = live.firstChild;
  for (const next of [...wanted.childNodes]) {
    const key = next.dataset?.key;
    const same = key ? kept.get(key) : place;
    if (same && isSameKind(same, next)) {
      if (same === place) place = place.nextSibling;
      else move(live, same, place);
      settle(same, next);
    } else {
      live.insertBefore(next, place);
    }
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

function keyed(parent) {
  return new Map([...parent.children].filter(child => child.dataset.key).map(child => [child.dataset.key, child]));
}

/** Where the browser can, a moved element keeps the focus. */
function move(parent, child, place) {
  if (parent.moveBefore) parent.moveBefore(child, place);
  else parent.insertBefore(child, place);
}

function isSameKind(live, next) {
  return live.nodeName === next.nodeName && live.dataset?.key === next.dataset?.key;
}

function settle(live, next) {
  if (live.nodeType === Node.TEXT_NODE) {
    if (live.data !== next.data) live.data = next.data;
    return;
  }
  for (const { name } of [...live.attributes]) {
    if (!next.hasAttribute(name) && name !== 'open') live.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (live.getAttribute(name) !== value && name !== 'open') live.setAttribute(name, value);
  }
  live.handlers = next.handlers;
  update(live, next);
}
