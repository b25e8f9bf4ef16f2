// SPDX-License-Identifier: GPL-3.0-or-later
// What sticks out sideways, which text has too little contrast, and whether the frame fits its content.
() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = color => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const backdrop = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3)
      .map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, two) => {
    const [low, high] = [light(one), light(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const contrast = [];
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || seen.has(element) || !element.checkVisibility()) continue;
    seen.add(element);
    const style = getComputedStyle(element);
    const under = backdrop(element);
    const found = ratio(over(rgba(style.color), under), under);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (found < needed) contrast.push({ text: node.data.trim().slice(0, 40), ratio: +found.toFixed(2) });
  }
  const shown = [...document.body.querySelectorAll('*')].filter(e => !e.closest('.unseen'));
  const wide = shown.filter(e => {
    const { left, right, width } = e.getBoundingClientRect();
    return width && (right > innerWidth + 1 || left < -1);
  });
  const main = document.querySelector('main').getBoundingClientRect();
  return {
    contrast,
    overflow: wide.slice(0, 5).map(e => `${e.tagName.toLowerCase()}.${e.className}`),
    height: { frame: innerHeight, content: Math.ceil(main.height) },
  };
}
