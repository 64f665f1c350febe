// What the page knows of one call, from RTVI messages. The same code serves the caller's own call
// (data channel) and the sample call (server-sent events).

export type Message = { t: number; type: string; data?: any };

export type FieldState = {
  value: unknown;
  status: string;
  evidence?: { text: string; turn: number; source: string }[];
  candidates?: unknown[];
};

export type Line = {
  key: number;
  role: "caller" | "bot";
  /** Seconds from the call's start to the line's first sign. */
  t: number;
  /** Final words, or what the bot has said so far. */
  text: string;
  /** Interim words of the caller, or what the bot is still to say. */
  pending: string;
  /** The turn's number once it is settled. */
  n: number | null;
  interrupted: boolean;
  latencyMs: number | null;
};

type Segment = { line: Line; spoken: string; rest: string };

export class CallView {
  lines: Line[] = [];
  lead: Record<string, FieldState> = {};
  score: number | null = null;
  disposition: string | null = null;
  latency: { n: number; ms: number; parts: Record<string, number | null> }[] = [];
  state: "idle" | "live" | "ended" = "idle";
  endReason: string | null = null;
  speaking: "caller" | "bot" | null = null;
  /** Fields that changed with the last message. */
  changed = new Set<string>();

  private nextKey = 0;
  private segments = new Map<number, Segment>();

  take(message: Message): void {
    this.changed = new Set();
    const { t, type, data } = message;
    switch (type) {
      case "user-transcription":
        return this.hear(t, data.text, data.final);
      case "user-typed":
        // A line of its own: it is a turn of its own.
        this.add("caller", t).text = data.text;
        return;
      case "bot-output":
        return this.speak(t, data);
      case "user-started-speaking":
        this.speaking = "caller";
        return;
      case "bot-started-speaking":
        this.speaking = "bot";
        return;
      case "user-stopped-speaking":
        if (this.speaking === "caller") this.speaking = null;
        return;
      case "bot-stopped-speaking":
        if (this.speaking === "bot") this.speaking = null;
        return;
      case "server-message":
        return this.takeOurs(t, data ?? {});
    }
  }

  /** What the caller said in his nth turn, from 1; evidence counts like that. */
  utterance(turn: number): string {
    return this.lines.filter((line) => line.role === "caller")[turn - 1]?.text ?? "";
  }

  private takeOurs(t: number, data: any): void {
    switch (data.type) {
      case "leadline.call":
        this.state = data.state === "ended" ? "ended" : "live";
        this.endReason = data.end_reason ?? null;
        if (this.state === "ended") this.speaking = null;
        return;
      case "leadline.lead":
        for (const [name, field] of Object.entries<FieldState>(data.lead ?? {})) {
          if (JSON.stringify(this.lead[name]) !== JSON.stringify(field) && field.status !== "open") {
            this.changed.add(name);
          }
        }
        this.lead = data.lead ?? {};
        this.score = data.score ?? null;
        this.disposition = data.disposition ?? null;
        return;
      case "leadline.turn":
        return this.settle(t, data.turn);
      case "leadline.latency":
        return this.measure(data);
    }
  }

  private hear(t: number, text: string, final: boolean): void {
    let line = this.lines.at(-1);
    if (!line || line.role !== "caller" || line.n !== null) line = this.add("caller", t);
    if (final) {
      line.text = join(line.text, text);
      line.pending = "";
    } else {
      line.pending = text;
    }
  }

  private speak(t: number, data: any): void {
    const id: number = data.segment_id ?? -1;
    let segment = this.segments.get(id);
    if (!segment) {
      let line = this.lines.at(-1);
      if (!line || line.role !== "bot" || line.n !== null) line = this.add("bot", t);
      segment = { line, spoken: "", rest: "" };
      this.segments.set(id, segment);
    }
    const progress = data.spoken_progress;
    segment.spoken = data.will_be_spoken === false || !progress ? data.text : progress.accumulated_text;
    segment.rest = progress?.remaining_text ?? "";
    const line = segment.line;
    if (line.n !== null) return;
    const parts = [...this.segments.values()].filter((each) => each.line === line);
    line.text = parts.map((each) => each.spoken.trim()).reduce(join, "");
    line.pending = parts.map((each) => each.rest.trim()).reduce(join, "");
  }

  private settle(t: number, turn: any): void {
    const open = this.lines.filter((line) => line.role === turn.role && line.n === null);
    const line =
      this.lines.find((each) => each.n === turn.n) ??
      open.find((each) => each.text && turn.text.includes(each.text)) ??
      open[0] ??
      this.add(turn.role, t);
    line.n = turn.n;
    line.interrupted = Boolean(turn.interrupted);
    line.text = turn.heard_text ?? turn.text;
    line.pending = line.interrupted ? unheard(turn.text, line.text) : "";
    // One turn may have shown as several lines; what its record says already is not said twice.
    this.lines = this.lines.filter(
      (each) => each === line || !open.includes(each) || !turn.text.includes(each.text.trim()),
    );
    const measured = this.latency.find((each) => each.n === turn.n);
    if (measured && turn.role === "bot") line.latencyMs = measured.ms;
  }

  private measure(data: any): void {
    if (data.voice_to_voice_ms == null) return;
    this.latency = this.latency.filter((each) => each.n !== data.n);
    this.latency.push({ n: data.n, ms: data.voice_to_voice_ms, parts: data.parts ?? {} });
    const line =
      this.lines.find((each) => each.role === "bot" && each.n === data.n) ??
      this.lines.findLast((each) => each.role === "bot" && each.n === null);
    if (line) line.latencyMs = data.voice_to_voice_ms;
  }

  private add(role: Line["role"], t: number): Line {
    const line: Line = {
      key: this.nextKey++, role, t, text: "", pending: "", n: null, interrupted: false, latencyMs: null,
    };
    this.lines.push(line);
    return line;
  }
}

function join(before: string, after: string): string {
  return [before.trim(), after.trim()].filter(Boolean).join(" ");
}

function unheard(text: string, heard: string): string {
  return text.startsWith(heard) ? text.slice(heard.length).trim() : "";
}
