// The sound of a call that is going on. A media element collects seconds of a stream before it
// plays; here every chunk is played as it comes.
const HEADER_BYTES = 44;
/** Head start, seconds: what the network and a busy machine may be late by. */
const BUFFER_S = 0.25;

export class LiveSound {
  playing = false;
  private context: AudioContext | null = null;
  private request: AbortController | null = null;

  constructor(private readonly changed: () => void) {}

  /** Plays until the call ends or `stop`. Rejects if there is nothing to hear. */
  async play(url: string): Promise<void> {
    this.stop();
    const request = new AbortController();
    const context = new AudioContext();
    this.request = request;
    this.context = context;
    this.playing = true;
    this.changed();
    try {
      const response = await fetch(url, { signal: request.signal });
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      await this.drain(response.body.getReader(), context);
    } catch (error) {
      if (!request.signal.aborted) throw error;
    } finally {
      if (this.request === request) this.stop();
    }
  }

  stop(): void {
    this.request?.abort();
    void this.context?.close();
    this.request = this.context = null;
    this.playing = false;
    this.changed();
  }

  private async drain(reader: ReadableStreamDefaultReader<Uint8Array>, context: AudioContext): Promise<void> {
    let pending = new Uint8Array(0);
    let rate = 0;
    let due = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const bytes = new Uint8Array(pending.length + value.length);
      bytes.set(pending);
      bytes.set(value, pending.length);
      pending = bytes;
      if (!rate) {
        if (pending.length < HEADER_BYTES) continue;
        rate = new DataView(pending.buffer).getUint32(24, true);
        pending = pending.slice(HEADER_BYTES);
      }
      const samples = new Int16Array(pending.buffer.slice(0, pending.length & ~1));
      pending = pending.slice(pending.length & ~1);
      if (!samples.length) continue;
      const buffer = context.createBuffer(1, samples.length, rate);
      buffer.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      if (due < context.currentTime) due = context.currentTime + BUFFER_S;
      source.start(due);
      due += buffer.duration;
    }
  }
}
