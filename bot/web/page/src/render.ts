// Draws a call. Rows are kept and changed in place, so that nothing flickers, a selection survives
// and a screen reader hears each settled line once.
import type { CallView, FieldState, Line } from "./call-view";
import { clock, label, seconds, value } from "./format";

export function element<T extends Element = HTMLElement>(id: string): T {
  return document.getElementById(id) as unknown as T;
}

const STATUS: Record<string, { text: string; icon: string }> = {
  open: { text: "open", icon: "○" },
  heard: { text: "heard", icon: "◔" },
  validated: { text: "validated", icon: "◑" },
  confirmed: { text: "confirmed", icon: "✓" },
  refused: { text: "refused", icon: "✕" },
  unknown: { text: "unknown", icon: "?" },
};
const DISPOSITION: Record<string, string> = {
  qualified: "Qualified", nurture: "Nurture", unqualified: "Not a fit", incomplete: "Not complete yet",
  do_not_contact: "Do not contact",
};
/** Longer than this is drawn at full height, ms. */
const SLOW_MS = 2000;

function make(tag: string, className: string, parent?: Element): HTMLElement {
  const node = document.createElement(tag);
  node.className = className;
  parent?.append(node);
  return node;
}

function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Scrolls the list and only the list: the page itself stays where the reader has it. */
function bringIntoView(list: HTMLElement, row: HTMLElement): void {
  const frame = list.getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  if (top < frame.top) list.scrollTop -= frame.top - top;
  else if (bottom > frame.bottom) list.scrollTop += bottom - frame.bottom;
}

export class Transcript {
  private rows = new Map<number, HTMLElement>();
  private announced = new Set<number>();
  private shown: CallView | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly announcer: HTMLElement,
    private readonly seek: (t: number) => void,
  ) {}

  draw(view: CallView, options: { caller: string; seekable: boolean; at: number | null; empty: string }): void {
    if (view !== this.shown) {
      this.list.replaceChildren();
      this.rows.clear();
      this.announced.clear();
      this.shown = view;
    }
    const follow = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    this.list.dataset.empty = view.lines.length ? "" : options.empty;
    const keep = new Set(view.lines.map((line) => line.key));
    for (const [key, row] of this.rows) {
      if (!keep.has(key)) {
        row.remove();
        this.rows.delete(key);
      }
    }
    const now = options.at === null ? null : view.lines.findLast((line) => line.t <= options.at! + 0.05);
    for (const line of view.lines) this.drawLine(line, options, line === now);
    if (follow && options.at === null) this.list.scrollTop = this.list.scrollHeight;
    else if (now) bringIntoView(this.list, this.rows.get(now.key)!);
  }

  private drawLine(line: Line, { caller, seekable }: { caller: string; seekable: boolean }, current: boolean): void {
    const who = line.role === "bot" ? "Leadline" : caller;
    let row = this.rows.get(line.key);
    if (!row) {
      row = make("li", `line ${line.role}`, this.list);
      const head = make("div", "line-head", row);
      setText(make("span", "speaker", head), who);
      const time = make("button", "time", head) as HTMLButtonElement;
      time.type = "button";
      time.onclick = () => this.seek(line.t);
      make("span", "took", head);
      const words = make("p", "words", row);
      make("span", "said", words);
      make("span", "pending", words);
      make("span", "cut", words);
      this.rows.set(line.key, row);
    }
    const part = (name: string) => row!.querySelector(`.${name}`)!;
    row.classList.toggle("settled", line.n !== null);
    row.classList.toggle("current", current);
    const time = part("time") as HTMLButtonElement;
    setText(time, clock(line.t));
    time.disabled = !seekable;
    time.title = seekable ? `Listen from ${clock(line.t)}` : "";
    setText(part("took"), line.latencyMs === null ? "" : `answered in ${seconds(line.latencyMs)}`);
    setText(part("said"), line.text + (line.text && line.pending ? " " : ""));
    setText(part("pending"), line.pending);
    setText(part("cut"), line.interrupted ? "interrupted" : "");
    if (line.n !== null && !this.announced.has(line.key)) {
      this.announced.add(line.key);
      setText(this.announcer, `${who}: ${line.text}`);
    }
  }
}

export function drawLead(view: CallView): void {
  const list = element("fields");
  const names = Object.keys(view.lead);
  list.dataset.empty = names.length ? "" : "Fields appear here as the bot learns them.";
  const wanted = new Set(names);
  for (const row of [...list.children] as HTMLElement[]) {
    if (!wanted.has(row.dataset.field!)) row.remove();
  }
  for (const name of names) drawField(list, view, name);
  setText(element("disposition"), view.disposition ? (DISPOSITION[view.disposition] ?? view.disposition) : "");
  element("disposition").dataset.kind = view.disposition ?? "";
  const score = view.score;
  setText(element("score-text"), score === null ? "–" : String(score));
  element("score").setAttribute("aria-label", score === null ? "Score: none yet" : `Score: ${score} of 100`);
  element<SVGCircleElement>("score-arc").style.strokeDashoffset = String(100 - Math.max(0, Math.min(100, score ?? 0)));
}

function drawField(list: HTMLElement, view: CallView, name: string): void {
  const field = view.lead[name]!;
  let row = [...list.children].find((each) => (each as HTMLElement).dataset.field === name) as HTMLElement | undefined;
  if (!row) {
    row = make("div", "field", list);
    row.dataset.field = name;
    setText(make("dt", "label", row), label(name));
    make("dd", "value", row);
    make("dd", "pill", row);
    make("dd", "evidence", row);
  }
  const known = STATUS[field.status] ?? { text: field.status, icon: "•" };
  row.dataset.status = field.status;
  setText(row.querySelector(".value")!, value(name, field.value) || (field.status === "open" ? "" : "—"));
  const pill = row.querySelector<HTMLElement>(".pill")!;
  setText(pill, known.text);
  pill.dataset.icon = known.icon;
  drawEvidence(row.querySelector<HTMLElement>(".evidence")!, view, field);
  if (view.changed.has(name)) {
    row.classList.remove("fresh");
    void row.offsetWidth; // Restarts the animation.
    row.classList.add("fresh");
    bringIntoView(list, row);
  }
}

/** The words that the value came from, and those that settled it, within what was said. */
function drawEvidence(node: HTMLElement, view: CallView, field: FieldState): void {
  const evidence = field.evidence ?? [];
  const told = evidence.length > 2 ? [evidence[0]!, evidence.at(-1)!] : evidence;
  const key = JSON.stringify([told, told.map((each) => view.utterance(each.turn))]);
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.title = told.map((each) => `Turn ${each.turn}, read by ${each.source}`).join("\n");
  node.replaceChildren();
  for (const { text, turn } of told) {
    if (!text) continue;
    const said = view.utterance(turn);
    const at = said.toLowerCase().indexOf(text.toLowerCase());
    if (node.childNodes.length) node.append(" ");
    node.append("“", at < 0 ? "" : said.slice(0, at));
    make(said === text ? "span" : "mark", "", node).textContent = text;
    node.append(at < 0 ? "" : said.slice(at + text.length), "”");
  }
}

export function drawLatency(view: CallView): void {
  const list = element("bars");
  const turns = [...view.latency].sort((a, b) => a.n - b.n).slice(-16);
  list.dataset.empty = turns.length ? "" : "From the caller’s last word to the bot’s first.";
  while (list.children.length > turns.length) list.lastElementChild!.remove();
  turns.forEach((turn, index) => {
    const bar = (list.children[index] as HTMLElement) ?? make("li", "bar", list);
    if (!bar.firstChild) {
      make("i", "fill", bar);
      make("span", "", bar);
    }
    (bar.firstElementChild as HTMLElement).style.height = `${Math.max(6, Math.min(100, (100 * turn.ms) / SLOW_MS))}%`;
    setText(bar.lastElementChild!, (turn.ms / 1000).toFixed(2));
    const parts = Object.entries(turn.parts).filter(([, ms]) => ms !== null);
    bar.title = [`${seconds(turn.ms)}`, ...parts.map(([part, ms]) => `${part.replace(/_ms$/, "").replaceAll("_", " ")}: ${Math.round(ms!)} ms`)].join("\n");
  });
  const sorted = view.latency.map((turn) => turn.ms).sort((a, b) => a - b);
  setText(element("median"), sorted.length ? seconds(sorted[Math.floor((sorted.length - 1) / 2)]!) : "–");
}
