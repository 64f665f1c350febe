// The sample call: a simulated caller talks to the same bot; the page watches by server-sent events.
import { CallView, type Message } from "./call-view";

export type Sample = {
  state: "waiting" | "running" | "done" | "failed";
  caller?: string;
  company?: string;
  error?: string | null;
  duration_s?: number | null;
};

export class SampleCall {
  view = new CallView();
  sample: Sample = { state: "waiting" };
  private startedAt = 0;

  constructor(private readonly changed: () => void) {
    const events = new EventSource("/api/sample/events");
    events.onmessage = (event) => this.take(JSON.parse(event.data) as Message);
  }

  get elapsed(): number {
    if (this.sample.duration_s) return this.sample.duration_s;
    return this.startedAt ? (performance.now() - this.startedAt) / 1000 : 0;
  }

  async again(): Promise<void> {
    await fetch("/api/sample", { method: "POST" });
  }

  private take(message: Message): void {
    if (message.type === "sample") {
      if (message.data.state === "waiting") this.view = new CallView();
      this.sample = message.data as Sample;
    } else {
      this.view.take(message);
    }
    // The server's clock counts; it is the recording's clock as well.
    this.startedAt = performance.now() - message.t * 1000;
    this.changed();
  }
}
