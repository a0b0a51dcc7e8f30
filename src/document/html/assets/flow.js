// Realm chains from the realm asked first to the reason of the failure; the width of a band is the number of attempts.
const MOST_REALMS = 10;

const flowGraph = () => {
  const paths = data.flows.map(([chain, reason, count]) => {
    const realms = chain === null ? ["chain not logged"] : chain.length ? chain.slice(0, MOST_REALMS) : ["no realm asked"];
    if (chain && chain.length > MOST_REALMS) realms[MOST_REALMS - 1] = `${number(chain.length - MOST_REALMS + 1)} more realms`;
    return [realms, reason.replace(/_/g, " "), count, chain === null || !chain.length];
  });
  const depth = Math.max(...paths.map(([realms]) => realms.length));
  const nodes = new Map(), links = new Map();
  const node = (column, name, count, lost) => {
    const key = JSON.stringify([column, name]);
    // What went through no realm stands below.
    const known = nodes.get(key) || { column, name, count: 0, lost: lost && column === 0 };
    known.count += count;
    nodes.set(key, known);
    return known;
  };
  for (const [realms, reason, count, lost] of paths) {
    const steps = realms.map((realm, at) => node(at, realm, count, lost)).concat([node(depth, reason, count, false)]);
    for (let at = 1; at < steps.length; at += 1) {
      const key = JSON.stringify([steps[at - 1].column, steps[at - 1].name, steps[at].column, steps[at].name]);
      const link = links.get(key) || { from: steps[at - 1], to: steps[at], count: 0, lost };
      link.count += count;
      links.set(key, link);
    }
  }
  return { depth, nodes: Array.from(nodes.values()), links: Array.from(links.values()) };
};

const drawFlow = (place, room) => {
  const { depth, nodes, links } = flowGraph();
  const gap = 20, thick = 9, width = Math.max(room, (depth + 1) * 128), top = 22;
  const columns = Array.from({ length: depth + 1 }, (_, at) => nodes.filter((node) => node.column === at)
    .sort((a, b) => a.lost - b.lost || b.count - a.count));
  const high = Math.max(200, Math.max(...columns.map((column) => column.length)) * (gap + 8));
  const scale = Math.min(...columns.filter((column) => column.length)
    .map((column) => (high - gap * (column.length - 1)) / column.reduce((sum, node) => sum + node.count, 0)));
  const lastRoom = 190;
  const x = (column) => (depth ? column * (width - lastRoom - thick) / depth : 0);
  for (const column of columns) {
    let y = top;
    for (const node of column) {
      Object.assign(node, { y, height: Math.max(2, node.count * scale), out: y, in: y });
      y += Math.max(node.height, 4) + gap;
    }
  }
  const bottom = Math.max(...nodes.map((node) => node.y + node.height)) + 14;
  const root = svg("svg", { viewBox: `0 0 ${width} ${bottom}`, width: width > room ? width : "100%", role: "img",
    "aria-label": "Realm chains and how they ended; the table below has the numbers" });
  for (let column = 0; column <= depth; column += 1) {
    root.append(svg("text", { x: x(column), y: 12 }, column === depth ? "ended as" : `${column + 1}. asked`));
  }
  links.sort((a, b) => a.from.y - b.from.y || a.to.y - b.to.y);
  for (const { from, to, count, lost } of links) {
    const tall = Math.max(1, count * scale);
    const [x0, x1, y0, y1] = [x(from.column) + thick, x(to.column), from.out + tall / 2, to.in + tall / 2];
    from.out += tall;
    to.in += tall;
    const middle = (x0 + x1) / 2;
    root.append(svg("path", { class: lost ? "lost" : null,
      d: `M${x0} ${y0 - tall / 2}C${middle} ${y0 - tall / 2} ${middle} ${y1 - tall / 2} ${x1} ${y1 - tall / 2}V${y1 + tall / 2}`
        + `C${middle} ${y1 + tall / 2} ${middle} ${y0 + tall / 2} ${x0} ${y0 + tall / 2}Z` },
    titled(`${from.name} → ${to.name}: ${number(count)}`)));
  }
  const letters = Math.floor((depth ? (width - lastRoom) / depth : width) / 7.5) - 3;
  for (const node of nodes) {
    root.append(svg("rect", { x: x(node.column), y: node.y, width: thick, height: node.height }, titled(`${node.name}: ${number(node.count)}`)),
      svg("text", { class: "strong label", x: x(node.column) + thick + 5, y: node.y + Math.min(node.height / 2, 60) + 4 },
        `${shorten(node.name, node.column === depth ? 22 : Math.max(8, letters - 4))} ${number(node.count)}`));
  }
  const scrolls = width > room;
  place.replaceChildren(el("div", scrolls ? { class: "flow", tabindex: 0, role: "region", "aria-label": "Realm chains" } : { class: "flow" }, root));
};
if (data.flows.length) chart("realms", drawFlow);
