"""Finds texts that are too faint to read, as WCAG 2.2 counts it (1.4.3: 4.5 to 1)."""

FAINT_TEXTS = """
(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((c, i) => a * c + (1 - a) * under[i]);
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    const own = parts(getComputedStyle(node).backgroundColor);
    return own[3] === 0 ? behind(node.parentElement) : over(own, behind(node.parentElement));
  };
  const seen = (node) =>
    (node ? Number(getComputedStyle(node).opacity) * seen(node.parentElement) : 1);
  const light = (color) => color.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const node = text.parentElement;
    const box = node.getBoundingClientRect();
    if (!text.data.trim() || box.width < 2 || node.closest("noscript, script")) continue;
    const style = getComputedStyle(node);
    const back = behind(node);
    const color = parts(node.closest("svg") ? style.fill : style.color);
    const front = over([...color.slice(0, 3), (color[3] ?? 1) * seen(node)], back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) faint.push(`${text.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
})()
"""
