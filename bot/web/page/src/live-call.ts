// The visitor's own call, over Pipecat's client and its SmallWebRTC transport.
import { PipecatClient, type RTVIEventCallbacks } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport, type SmallWebRTCTransportConstructorOptions } from "@pipecat-ai/small-webrtc-transport";

import { CallView, type Message } from "./call-view";
import { Microphone } from "./microphone";

export type LiveState = "idle" | "connecting" | "live" | "ending";

export class LiveCall {
  view = new CallView();
  state: LiveState = "idle";
  /** True once somebody has called from this page. */
  used = false;
  muted = false;

  private client: PipecatClient | null = null;
  private microphone: Microphone | null = null;
  private startedAt = 0;

  constructor(
    private readonly options: {
      rawSound: boolean;
      speaker: HTMLAudioElement;
      changed: () => void;
      failed: (what: string) => void;
    },
  ) {}

  get elapsed(): number {
    return this.startedAt ? (performance.now() - this.startedAt) / 1000 : 0;
  }

  get level(): number {
    return this.state === "live" && !this.muted ? (this.microphone?.level() ?? 0) : 0;
  }

  async start({ silent = false } = {}): Promise<boolean> {
    if (this.state !== "idle") return this.state === "live";
    this.used = true;
    this.muted = false;
    this.view = new CallView();
    this.state = "connecting";
    this.startedAt = performance.now();
    this.options.changed();
    const microphone = new Microphone({ raw: this.options.rawSound, silent });
    this.microphone = microphone;
    const client = new PipecatClient({
      // The transport's type names an abstract class that it does not export.
      transport: new SmallWebRTCTransport({
        mediaManager: microphone as unknown as SmallWebRTCTransportConstructorOptions["mediaManager"],
        iceServers: [],
        waitForICEGathering: true,
      }),
      enableMic: true,
      enableCam: false,
      callbacks: this.callbacks(),
    });
    this.client = client;
    try {
      await client.initDevices();
      await client.connect({ webrtcRequestParams: { endpoint: "/api/offer" } });
      return true;
    } catch (error) {
      this.options.failed(await reason(error));
      await this.end();
      return false;
    }
  }

  async end(): Promise<void> {
    if (!this.client) return;
    const client = this.client;
    this.client = null;
    this.state = "ending";
    this.options.changed();
    await client.disconnect().catch(() => undefined);
    await this.microphone?.disconnect();
    this.finish();
  }

  toggleMute(): void {
    this.muted = !this.muted;
    this.client?.enableMic(!this.muted);
    this.options.changed();
  }

  async say(text: string): Promise<void> {
    this.take("user-typed", { text });
    await this.client?.sendText(text, { run_immediately: true, audio_response: true });
  }

  private callbacks(): RTVIEventCallbacks {
    return {
      onBotReady: () => {
        this.state = "live";
        this.startedAt = performance.now();
        if (this.view.state === "idle") this.view.state = "live";
        this.options.changed();
      },
      onTrackStarted: (track, participant) => {
        if (track.kind !== "audio" || participant?.local) return;
        this.options.speaker.srcObject = new MediaStream([track]);
        void this.options.speaker.play().catch(() => undefined);
      },
      onUserTranscript: (data) => this.take("user-transcription", data),
      onBotOutput: (data) => this.take("bot-output", data),
      onUserStartedSpeaking: () => this.take("user-started-speaking"),
      onUserStoppedSpeaking: () => this.take("user-stopped-speaking"),
      onBotStartedSpeaking: () => this.take("bot-started-speaking"),
      onBotStoppedSpeaking: () => this.take("bot-stopped-speaking"),
      onServerMessage: (data) => this.take("server-message", data),
      onError: (message) => {
        const { error, fatal } = (message.data ?? {}) as { error?: string; fatal?: boolean };
        if (fatal) this.options.failed(error ?? "The bot stopped.");
      },
      // Later, so that a refused call is first told to `start`: disconnecting would swallow the error.
      onDisconnected: () => void setTimeout(() => void this.end(), 0),
    };
  }

  private take(type: string, data?: unknown): void {
    const message: Message = { t: this.elapsed, type, data };
    this.view.take(message);
    this.options.changed();
  }

  private finish(): void {
    this.options.speaker.srcObject = null;
    this.microphone = null;
    this.state = "idle";
    this.view.speaking = null;
    if (this.view.state === "live") this.view.state = "ended";
    this.options.changed();
  }
}

async function reason(error: unknown): Promise<string> {
  const cause = (error as { cause?: unknown }).cause ?? error;
  if (cause instanceof Response) {
    const body = await cause.json().catch(() => null);
    return body?.detail ?? `The server answered ${cause.status}.`;
  }
  const { name, message, type } = cause as { name?: string; message?: string; type?: string };
  if (name === "NotAllowedError" || type === "permissions") {
    return "The browser has no permission to use the microphone. Allow it beside the address bar, or type below.";
  }
  if (name === "NotFoundError") return "No microphone was found. Plug one in, or type below.";
  return message || "The call could not be started.";
}
