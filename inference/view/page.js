// Builds the view from the two JSON blocks of the page. Article text only ever becomes text nodes.
"use strict";

const ARTICLES_A_PAGE = 10;
const ROWS_A_PAGE = 25;
const ARTICLES_IN_PRINT = 200;
const BARS = 10;
const MATRIX_SIDE = 10, NARROW_MATRIX_SIDE = 6, NARROW = 500;
const LABELS_ON_MAP = 14;
const SUGGESTIONS = 40;
const DAY = 86_400_000;
const ROLES = ["killed", "wounded", "detained", "missing", "displaced"];
const CONTROLS = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\u2060-\u2064\ufeff])/;

const $ = (id) => document.getElementById(id);
const articles = JSON.parse($("data-articles").textContent);
const corpus = JSON.parse($("data-corpus").textContent);
const number = new Intl.NumberFormat("en");
const count = (n, noun) => `${number.format(n)} ${noun}${n === 1 ? "" : "s"}`;

// --- What the rows mean -------------------------------------------------------------------------------------------

const ID = 0, TITLE = 1, SOURCE = 2, DATE = 3, EXTRA = 4, TEXT = 5, MENTIONS = 6;
const START = 0, END = 1, LABEL = 2, SCORE = 3, NAME = 4, ENTRY = 5, COUNT = 6;
const VALUE = 0, LOW = 1, HIGH = 2, EXACT = 3, ROLE = 4, OF = 5;

const labels = corpus.labels;
const labelAt = (name) => labels.findIndex((label) => label.name === name);
const ACTOR = labelAt("ACTOR"), PLACE = labelAt("PLACE"), WEAPON = labelAt("WEAPON");

/** One thing that mentions mean: an entry of a register, or a name that no register has. */
const things = [];
/** For each article, the thing that each of its mentions means. */
const meant = articles.map(() => []);

function gatherThings() {
  const known = new Map();
  articles.forEach((article, a) => {
    for (const mention of article[MENTIONS]) {
      const name = mention[NAME] || article[TEXT].slice(mention[START], mention[END]);
      const key = mention[ENTRY] < 0 ? `${mention[LABEL]}:${name}` : mention[ENTRY];
      let thing = known.get(key);
      if (thing === undefined) {
        const entry = mention[ENTRY] < 0 ? null : corpus.entries[mention[ENTRY]];
        thing = { key: things.length, label: mention[LABEL], entry, ar: tidy(entry?.ar || name), en: tidy(entry?.en || name), n: 0 };
        things.push(thing);
        known.set(key, thing);
      }
      thing.n += 1;
      meant[a].push(thing);
    }
  });
  tellApart("ar");
  tellApart("en");
  for (const thing of things) thing.both = thing.ar === thing.en ? thing.ar : `${thing.en} – ${thing.ar}`;
}

/** Give entries that share a name, such as a city and the area around it, their kind and country. */
function tellApart(language) {
  const named = Map.groupBy(things, (thing) => `${thing.label}:${thing[language]}`);
  for (const thing of [...named.values()].filter((same) => same.length > 1).flat()) {
    if (thing.entry) thing[language] += ` (${[thing.entry.kind, thing.entry.country].filter(Boolean).join(", ")})`;
  }
}

const tidy = (text) => text.split(CONTROLS).filter((_, i) => i % 2 === 0).join("").replace(/\s+/g, " ").slice(0, 120);

// --- Building elements --------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Text as nodes; characters that act on the display without being seen are shown by their number. */
function visible(text) {
  return text.split(CONTROLS).map((part, i) => {
    if (i % 2 === 0) return part;
    const code = part.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return make("span", { className: "control", textContent: `U+${code}` });
  });
}

function paint(element, label) {
  element.style.setProperty("--c", labels[label].colour);
  element.style.setProperty("--line-style", labels[label].line);
  return element;
}

const sample = (label) => paint(make("span", { className: "sample", textContent: labels[label].name }), label);
const isolated = (text) => make("bdi", {}, ...visible(text));

function pager(place, page, pages, go) {
  const button = (text, to, off) => make("button", { type: "button", textContent: text, disabled: off, onclick: () => go(to) });
  const at = make("span", { textContent: `Page ${number.format(page + 1)} of ${number.format(pages)}` });
  place.replaceChildren(button("Previous", page - 1, page === 0), at, button("Next", page + 1, page >= pages - 1));
  place.hidden = pages < 2;
}

// --- Filters ------------------------------------------------------------------------------------------------------

const state = { arabic: false, shown: [], labels: new Set(labels.keys()), articlePage: 0, rowPage: 0 };
const form = $("filters");
const field = (name) => form.elements.namedItem(name);

function buildFilters() {
  const totals = labels.map(() => 0);
  for (const thing of things) totals[thing.label] += thing.n;
  labels.forEach((_, i) => {
    const box = make("input", { type: "checkbox", name: "label", value: String(i), checked: true, defaultChecked: true });
    const total = make("span", { className: "n", textContent: number.format(totals[i]) });
    $("labels").append(paint(make("label", {}, box, sample(i), total), i));
    $("legend").append(sample(i));
  });
  const sources = [...new Set(articles.map((article) => article[SOURCE]))].filter(Boolean).sort();
  field("source").append(...sources.map((source) => make("option", { value: source, textContent: tidy(source) })));
  $("source-filter").hidden = sources.length === 0;
  const days = articles.map((article) => article[DATE]).filter(Boolean).sort();
  $("date-filter").hidden = days.length === 0;
  for (const name of ["from", "to"]) Object.assign(field(name), { min: days[0] ?? "", max: days.at(-1) ?? "" });
}

/** Offer the names that hold what has been typed, the most mentioned first. */
function suggest(name, label) {
  const typed = field(name).value.trim().toLowerCase();
  const fitting = things.filter((thing) => thing.label === label && thing.both.toLowerCase().includes(typed));
  const first = fitting.sort((one, other) => other.n - one.n).slice(0, SUGGESTIONS);
  $(`${name}-names`).replaceChildren(...first.map((thing) => make("option", { value: thing.both })));
}

/** The things that a name filter lets through, or null if it is empty: one chosen by its full name, or all that hold the words. */
function chosenThings(name, label) {
  const typed = field(name).value.trim().toLowerCase();
  if (!typed) return null;
  const all = things.filter((thing) => thing.label === label);
  const exact = all.filter((thing) => thing.both.toLowerCase() === typed);
  return new Set(exact.length ? exact : all.filter((thing) => thing.both.toLowerCase().includes(typed)));
}

function applyFilters() {
  const wanted = [chosenThings("actor", ACTOR), chosenThings("place", PLACE)].filter((set) => set !== null);
  const [source, from, to, words] = ["source", "from", "to", "words"].map((name) => field(name).value.trim());
  const passes = (article, a) =>
    (!source || article[SOURCE] === source) &&
    (!from || (article[DATE] && article[DATE] >= from)) &&
    (!to || (article[DATE] && article[DATE] <= to)) &&
    (!words || article[TEXT].includes(words) || article[TITLE].includes(words)) &&
    wanted.every((set) => meant[a].some((thing) => set.has(thing)));
  state.shown = [...articles.keys()].filter((a) => passes(articles[a], a));
  state.labels = new Set([...form.querySelectorAll("[name=label]:checked")].map((box) => Number(box.value)));
  state.articlePage = state.rowPage = 0;
  showAll();
}

function filterBy(name, thing) {
  field(name).value = thing.both;
  applyFilters();
}

// --- Lists --------------------------------------------------------------------------------------------------------

const nameOf = (thing) => (state.arabic ? thing.ar : thing.en);

function quantity(values) {
  const [value, low, high, exact] = values;
  const shown = (bound) => number.format(bound);
  if (exact && value !== null) return shown(value);
  if (low !== null && high !== null && low !== high) return `${shown(low)} to ${shown(high)}`;
  if (value !== null) return `about ${shown(value)}`;
  if (low !== null) return `at least ${shown(low)}`;
  return high === null ? "number not stated" : `at most ${shown(high)}`;
}

/** What a mention means, in one line. */
function meaning(mention, thing) {
  if (mention[COUNT]) return [quantity(mention[COUNT]), mention[COUNT][ROLE]].filter(Boolean).join(" ");
  return thing.entry ? nameOf(thing) : "";
}

function showTiles() {
  const seen = new Set();
  let mentions = 0;
  for (const a of state.shown) {
    mentions += meant[a].length;
    for (const thing of meant[a]) seen.add(thing);
  }
  const distinct = (label) => [...seen].filter((thing) => thing.label === label).length;
  const figures = [["articles", state.shown.length], ["mentions", mentions]];
  for (const [noun, label] of [["actors", ACTOR], ["places", PLACE], ["weapons", WEAPON]]) {
    if (label >= 0) figures.push([`different ${noun}`, distinct(label)]);
  }
  const tile = ([noun, n]) => make("div", {}, make("dt", { textContent: noun }), make("dd", { textContent: number.format(n) }));
  $("tiles").replaceChildren(...figures.map(tile));
  $("status").textContent = `${number.format(state.shown.length)} of ${count(articles.length, "article")} shown`;
  $("filter-count").textContent = state.shown.length < articles.length ? "(on)" : "";
}

function showRows() {
  const wanted = [];
  for (const a of state.shown) {
    articles[a][MENTIONS].forEach((mention, m) => state.labels.has(mention[LABEL]) && wanted.push([a, m]));
  }
  const first = state.rowPage * ROWS_A_PAGE;
  $("rows").replaceChildren(...wanted.slice(first, first + ROWS_A_PAGE).map(([a, m]) => row(a, m)));
  pager($("rows-pager"), state.rowPage, Math.ceil(wanted.length / ROWS_A_PAGE) || 1, (page) => {
    state.rowPage = page;
    showRows();
  });
}

function row(a, m) {
  const article = articles[a], mention = article[MENTIONS][m];
  const text = article[TEXT].slice(mention[START], mention[END]);
  const link = make("a", { href: `#m${a}-${m}`, dir: "rtl", lang: "ar" }, isolated(text));
  link.addEventListener("click", () => jump(a, m));
  const cells = [link, sample(mention[LABEL]), isolated(meaning(mention, meant[a][m]))];
  const facts = [article[TITLE] || article[ID], article[SOURCE], article[DATE]].map(isolated);
  return make("tr", {}, ...[...cells, ...facts].map((cell) => make("td", {}, cell)));
}

function showArticles(most = ARTICLES_A_PAGE) {
  const first = most === ARTICLES_A_PAGE ? state.articlePage * most : 0;
  $("list").replaceChildren(...state.shown.slice(first, first + most).map(articleCard));
  if (!state.shown.length) $("list").append(make("p", { className: "empty", textContent: "No article passes the filters." }));
  pager($("list-pager"), state.articlePage, Math.ceil(state.shown.length / ARTICLES_A_PAGE) || 1, (page) => {
    state.articlePage = page;
    showArticles();
    $("articles-heading").scrollIntoView();
    $("articles-heading").focus({ preventScroll: true });
  });
}

function articleCard(a) {
  const [id, title, source, day, extra, text, mentions] = articles[a];
  const body = make("div", { className: "text", lang: "ar" });
  let at = 0, reachable = false;
  mentions.forEach((mention, m) => {
    if (!state.labels.has(mention[LABEL])) return;
    body.append(...visible(text.slice(at, mention[START])), highlight(a, m, reachable ? -1 : 0));
    at = mention[END];
    reachable = true;
  });
  body.append(...visible(text.slice(at)));
  // A title that the text begins with would be read twice.
  const titled = title && !text.trimStart().startsWith(title.trim());
  const heading = titled ? make("h3", { lang: "ar" }, isolated(title)) : make("h3", {}, isolated(id));
  const facts = [titled ? id : "", source, day, ...extra.map(([key, value]) => `${key}: ${value}`)].filter(Boolean);
  return make("article", { dir: "rtl" }, heading, make("div", { className: "facts" }, ...facts.map(isolated)), body);
}

function highlight(a, m, tabIndex) {
  const [text, mention] = [articles[a][TEXT], articles[a][MENTIONS][m]];
  const mark = make("mark", { id: `m${a}-${m}`, tabIndex }, ...visible(text.slice(mention[START], mention[END])));
  mark.dataset.label = labels[mention[LABEL]].name;
  return paint(mark, mention[LABEL]);
}

/** Bring a mention to the eye and the keyboard. */
function jump(a, m) {
  const position = state.shown.indexOf(a);
  if (position < 0) return;
  state.articlePage = Math.floor(position / ARTICLES_A_PAGE);
  if (!$(`m${a}-${m}`)) showArticles();
  const mark = $(`m${a}-${m}`);
  mark?.scrollIntoView({ block: "center" });
  mark?.focus({ preventScroll: true });
}

function jumpToAddress() {
  const found = /^#m(\d+)-(\d+)$/.exec(location.hash);
  if (found) jump(Number(found[1]), Number(found[2]));
}

// --- What is known of a mention, on hover and focus ---------------------------------------------------------------

function explain(mark) {
  const [a, m] = mark.id.slice(1).split("-").map(Number);
  const mention = articles[a][MENTIONS][m], thing = meant[a][m];
  const note = (text) => make("div", { className: "note" }, isolated(text));
  const lines = [sample(mention[LABEL])];
  if (thing.entry) {
    lines.push(make("strong", {}, isolated(thing.en)), make("div", { lang: "ar" }, isolated(thing.ar)));
    lines.push(note([thing.entry.kind, thing.entry.country].filter(Boolean).join(", ")));
  } else if (mention[LABEL] === ACTOR || mention[LABEL] === PLACE) {
    lines.push(make("strong", {}, isolated(thing.ar)), note("not linked to an entry"));
  } else if (!mention[COUNT]) {
    lines.push(make("strong", { lang: "ar" }, isolated(thing.ar)));
  }
  if (mention[COUNT]) {
    lines.push(make("strong", {}, isolated(meaning(mention, thing))));
    if (mention[COUNT][OF]) lines.push(make("div", {}, "of ", make("bdi", { lang: "ar" }, ...visible(mention[COUNT][OF]))));
  }
  lines.push(note(`confidence ${Math.round(mention[SCORE] * 100)} %`));
  paint($("tip"), mention[LABEL]).replaceChildren(...lines);
}

function showTip(mark) {
  explain(mark);
  const tip = $("tip");
  tip.hidden = false;
  mark.setAttribute("aria-describedby", "tip");
  const [line] = mark.getClientRects(), { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, line.right - width), document.documentElement.clientWidth - width - 8);
  const below = line.bottom + 10 + height < innerHeight;
  Object.assign(tip.style, { left: `${left}px`, top: `${below ? line.bottom + 10 : line.top - height - 10}px` });
}

function hideTip() {
  $("tip").hidden = true;
  document.querySelector("mark[aria-describedby]")?.removeAttribute("aria-describedby");
}

function followMarks() {
  const list = $("list");
  const on = (event, act) => list.addEventListener(event, (e) => e.target.closest("mark") && act(e.target.closest("mark"), e));
  on("pointerover", (mark) => { hideTip(); showTip(mark); });
  on("pointerout", hideTip);
  on("focusin", (mark) => { hideTip(); showTip(mark); });
  on("focusout", hideTip);
  on("keydown", walk);
  const held = () => document.querySelector("#list mark:hover, #list mark:focus");
  addEventListener("scroll", () => (held() && !$("tip").hidden ? showTip(held()) : hideTip()), { passive: true });
  addEventListener("keydown", (e) => e.key === "Escape" && hideTip());
}

/** Arrow keys go from mention to mention: left is onwards, as the text runs. */
function walk(mark, event) {
  const marks = [...mark.closest("article").querySelectorAll("mark")];
  const at = marks.indexOf(mark);
  const to = { ArrowLeft: at + 1, ArrowRight: at - 1, Home: 0, End: marks.length - 1 }[event.key];
  if (to === undefined || !marks[to]) return;
  event.preventDefault();
  mark.tabIndex = -1;
  marks[to].tabIndex = 0;
  marks[to].focus();
}

// --- Charts -------------------------------------------------------------------------------------------------------

const views = new Map();

async function embed(place, specification) {
  const tooltip = { disableDefaultStyle: true };
  const options = { renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip, logLevel: 1 };
  const { view } = await vegaEmbed(place, specification, options);
  return view;
}

/** Draw rows, or say that there are none. */
async function draw(id, rows, specification = corpus.charts[id]) {
  const place = $(id);
  if (rows.length && !views.has(id)) views.set(id, await embed(place, specification));
  place.querySelector("svg")?.toggleAttribute("hidden", !rows.length);
  place.querySelector(".empty")?.remove();
  if (!rows.length) return void place.append(make("p", { className: "empty", textContent: "Nothing to show." }));
  await views.get(id).data("rows", rows).resize().runAsync();
}

/** How often each thing with a label is mentioned in the shown articles, the most often first. */
function ranked(label, once = false) {
  const tally = new Map();
  for (const a of state.shown) {
    for (const thing of once ? new Set(meant[a]) : meant[a]) {
      if (thing.label === label) tally.set(thing, (tally.get(thing) ?? 0) + 1);
    }
  }
  return [...tally].sort((one, other) => other[1] - one[1]);
}

async function showBars(id, label, filter) {
  const fresh = !views.has(id);
  await draw(id, ranked(label).slice(0, BARS).map(([thing, n]) => ({ key: thing.key, name: nameOf(thing), n })));
  if (fresh && filter) listenTo(id, filter);
}

function listenTo(id, filter) {
  views.get(id)?.addEventListener("click", (_, item) => item?.datum?.key !== undefined && filterBy(filter, things[item.datum.key]));
}

/** The number that a sum takes from a count: the one stated, or the least it can be. */
const summand = (values) => values[VALUE] ?? values[LOW] ?? 0;

function sumsByRole() {
  const sums = new Map();
  for (const a of state.shown) {
    if (!articles[a][DATE]) continue;
    for (const mention of articles[a][MENTIONS]) {
      const role = mention[COUNT] && mention[COUNT][ROLE];
      if (!ROLES.includes(role) || !summand(mention[COUNT])) continue;
      if (!sums.has(role)) sums.set(role, []);
      sums.get(role).push([Date.parse(articles[a][DATE]), summand(mention[COUNT])]);
    }
  }
  return sums;
}

/** Consecutive days, weeks or months, as the span asks for, each with its start in milliseconds. */
function bins(first, last) {
  const days = (last - first) / DAY;
  if (days > 540) {
    const from = new Date(first);
    const month = (i) => Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + i, 1);
    const starts = [month(0)];
    while (starts.at(-1) <= last) starts.push(month(starts.length));
    return { unit: "month", starts };
  }
  const step = days > 62 ? 7 * DAY : DAY;
  const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY;
  const start = days > 62 ? monday : first;
  const starts = Array.from({ length: Math.floor((last - start) / step) + 2 }, (_, i) => start + i * step);
  return { unit: days > 62 ? "week" : "day", starts };
}

function binned(values, starts) {
  const iso = (time) => new Date(time).toISOString().slice(0, 10);
  const sums = new Array(starts.length - 1).fill(0);
  for (const [time, n] of values) sums[starts.findLastIndex((start) => start <= time)] += n;
  return sums.map((n, i) => ({ from: iso(starts[i]), to: iso(starts[i + 1]), last: iso(starts[i + 1] - DAY), n }));
}

async function showTimelines() {
  const sums = sumsByRole();
  const times = [...sums.values()].flat().map(([time]) => time);
  const undated = state.shown.filter((a) => !articles[a][DATE]).length;
  const { unit, starts } = times.length ? bins(times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))) : {};
  const notes = [
    unit && `Sums by ${unit} of all numbers in the articles. One event reported twice counts twice, and totals stand beside their parts: read the shape, not the height.`,
    unit && "Of a range, the least counts.",
    undated === state.shown.length ? "No article here has a date." : undated ? `${count(undated, "article")} without a date left out.` : "",
  ];
  $("counts-note").textContent = notes.filter(Boolean).join(" ");
  for (const role of ROLES) await showTimeline(role, sums.get(role) ?? [], starts);
}

async function showTimeline(role, values, starts) {
  const id = `timeline-${role}`;
  if (!$(id)) {
    const heading = make("h3", {}, role, make("span"));
    $("timelines").append(make("div", { hidden: true }, heading, make("div", { id, className: "chart" })));
  }
  $(id).parentElement.hidden = !values.length;
  if (!values.length) return;
  $(id).parentElement.querySelector("h3 span").textContent = `in ${count(values.length, "report")}`;
  await draw(id, binned(values, starts), corpus.charts.timeline);
}

async function showMatrix() {
  const side = $("matrix").clientWidth < NARROW ? NARROW_MATRIX_SIDE : MATRIX_SIDE;
  const [actors, places] = [ACTOR, PLACE].map((label) => ranked(label, true).slice(0, side).map(([thing]) => thing));
  const cells = new Map();
  for (const actor of actors) for (const place of places) cells.set(`${actor.key} ${place.key}`, { actor, place, n: 0 });
  for (const a of state.shown) {
    const here = new Set(meant[a]);
    for (const actor of actors) {
      if (here.has(actor)) for (const place of places) if (here.has(place)) cells.get(`${actor.key} ${place.key}`).n += 1;
    }
  }
  await draw("matrix", [...cells.values()].map(({ actor, place, n }) => ({ actor: nameOf(actor), place: nameOf(place), n })));
}

// --- Map ----------------------------------------------------------------------------------------------------------

const MAP_WIDTH = 640; // what the first zoom was computed for

/** Names for the most mentioned places, as far as they don't cover one another. */
function withLabels(rows, zoom) {
  const rise = (lat) => Math.log(Math.tan(Math.PI / 4 + (Math.max(-85, Math.min(85, lat)) * Math.PI) / 360));
  const taken = [];
  return rows.map((row) => {
    const [x, y] = [(row.lon * Math.PI * zoom) / 180, rise(row.lat) * zoom];
    const half = row.name.length * 3.6;
    const free = taken.length < LABELS_ON_MAP && taken.every((other) => Math.abs(other.y - y) > 17 || Math.abs(other.x - x) > other.half + half + 4);
    if (free) taken.push({ x, y, half });
    return { ...row, label: free ? row.name : "" };
  });
}

function placeRows() {
  return ranked(PLACE).filter(([thing]) => thing.entry).map(([thing, n]) => {
    return { key: thing.key, name: nameOf(thing), n, lat: thing.entry.lat, lon: thing.entry.lon };
  });
}

async function showMap() {
  const rows = placeRows();
  const loose = ranked(PLACE).filter(([thing]) => !thing.entry).length;
  const missing = loose ? ` ${count(loose, "place")} without a certain entry ${loose === 1 ? "is" : "are"} not on the map.` : "";
  $("map-note").textContent = `${count(rows.length, "place")}, the larger the more often mentioned.${missing} Click a point to see only its articles.`;
  const fresh = !views.has("map");
  await draw("map", withLabels(rows, views.get("map")?.signal("zoom") ?? 0));
  const view = views.get("map");
  if (!fresh || !view) return;
  const start = { zoom: view.signal("zoom") * Math.min(1, $("map").clientWidth / MAP_WIDTH), centre: view.signal("centre") };
  listenTo("map", "place");
  steerMap(view, start);
  await moveMap(view, start.zoom, start.centre);
}

async function moveMap(view, zoom, centre) {
  const within = (value, least, most) => Math.max(least, Math.min(most, value));
  view.signal("zoom", within(zoom, 60, 20000)).signal("centre", [within(centre[0], -180, 180), within(centre[1], -75, 80)]);
  await view.data("rows", withLabels(placeRows(), view.signal("zoom"))).runAsync();
}

function steerMap(view, start) {
  const shift = (right, down) => {
    const [lon, lat] = view.signal("centre"), degrees = 180 / Math.PI / view.signal("zoom");
    return moveMap(view, view.signal("zoom"), [lon + right * degrees, lat - down * degrees * Math.cos((lat * Math.PI) / 180)]);
  };
  const zoomBy = (factor) => moveMap(view, view.signal("zoom") * factor, view.signal("centre"));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.onclick = () => (Number(button.dataset.zoom) ? zoomBy(Number(button.dataset.zoom)) : moveMap(view, start.zoom, start.centre));
  }
  const keys = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
  $("map").addEventListener("keydown", (event) => {
    const factor = { "+": 1.6, "-": 0.625 }[event.key];
    if (!keys[event.key] && !factor) return;
    event.preventDefault();
    factor ? zoomBy(factor) : shift(...keys[event.key]);
  });
  $("map").addEventListener("pointermove", (event) => event.buttons === 1 && shift(-event.movementX, -event.movementY));
}

// --- The whole ----------------------------------------------------------------------------------------------------

let round = 0;

/** Draw one chart after the other; a newer filter makes an older round stop. */
async function showCharts() {
  const mine = ++round;
  const jobs = [
    showMap,
    () => showBars("actors", ACTOR, "actor"),
    () => showBars("places", PLACE, "place"),
    () => showBars("weapons", WEAPON),
    showTimelines,
    showMatrix,
  ];
  drawing = drawing.then(async () => {
    for (const job of jobs) if (mine === round) await job();
    if (mine === round) document.body.dataset.drawn = String(mine);
  });
}
let drawing = Promise.resolve();

function showAll() {
  hideTip();
  showTiles();
  showRows();
  showArticles();
  setTimeout(showCharts);
}

function listen() {
  let waiting = 0;
  form.addEventListener("input", (event) => {
    if (event.target.name === "actor") suggest("actor", ACTOR);
    if (event.target.name === "place") suggest("place", PLACE);
    clearTimeout(waiting);
    waiting = setTimeout(applyFilters, 150);
  });
  form.addEventListener("reset", () => setTimeout(applyFilters));
  form.addEventListener("submit", (event) => event.preventDefault());
  $("names").onclick = () => {
    state.arabic = !state.arabic;
    $("names").setAttribute("aria-pressed", String(state.arabic));
    showAll();
  };
  addEventListener("hashchange", jumpToAddress);
  addEventListener("beforeprint", () => {
    $("print-note").textContent = `The first ${ARTICLES_IN_PRINT} of ${count(state.shown.length, "article")}; set filters to print others.`;
    $("print-note").hidden = state.shown.length <= ARTICLES_IN_PRINT;
    showArticles(ARTICLES_IN_PRINT);
  });
  addEventListener("afterprint", () => showArticles());
}

function chooseTheme() {
  const button = $("theme");
  const set = (dark) => {
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  };
  set(matchMedia("(prefers-color-scheme: dark)").matches);
  button.onclick = () => set(button.getAttribute("aria-pressed") !== "true");
}

chooseTheme();
gatherThings();
buildFilters();
suggest("actor", ACTOR);
suggest("place", PLACE);
$("filter-box").open = matchMedia("(min-width: 60.01rem)").matches;
listen();
followMarks();
applyFilters();
jumpToAddress();
