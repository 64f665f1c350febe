// The visitor's own call in a LiveKit room. The bot's messages are Pipecat's RTVI, as LiveKit data.
import { DisconnectReason, ParticipantKind, type RemoteParticipant, type RemoteTrack, Room, RoomEvent, Track } from "livekit-client";

import { CallView, type Message } from "./call-view";
import { Microphone } from "./microphone";

export type RoomState = "idle" | "connecting" | "live" | "ending";
type Started = { call_id: string; room: string; url: string; token: string };

const RTVI = "rtvi-ai";
const RTVI_VERSION = "2.2.0";
/** Until the bot answers it is asked again: it may still be loading. */
const ASK_AGAIN_MS = 1000;
/** So long a caller waits for a bot, the first one or one that takes over. */
const NO_BOT_MS = 45_000;
/** A bot that left by itself has said goodbye; most likely no other one comes. */
const GOODBYE_MS = 3000;

export class RoomCall {
  view = new CallView();
  state: RoomState = "idle";
  /** True once somebody has called from this page. */
  used = false;
  muted = false;
  /** Between bots, or between connections. */
  interrupted = false;
  callId: string | null = null;

  private room: Room | null = null;
  private microphone: Microphone | null = null;
  private bot: RemoteParticipant | null = null;
  private botReady = false;
  private botTrack: string | null = null;
  private introductions = 0;
  private startedAt = 0;
  private timers = new Set<number>();
  private waiting = 0;

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
    this.muted = this.interrupted = this.botReady = false;
    this.view = new CallView();
    this.state = "connecting";
    this.startedAt = performance.now();
    this.options.changed();
    try {
      // The microphone first: without one no call is begun.
      this.microphone = new Microphone({ raw: this.options.rawSound, silent });
      await this.microphone.initialize();
      const started = await begin();
      this.callId = started.call_id;
      const room = new Room({ stopLocalTrackOnUnpublish: false });
      this.room = room;
      this.listen(room);
      await room.connect(started.url, started.token);
      const sound = this.microphone.tracks().local.audio!;
      await room.localParticipant.publishTrack(sound, { source: Track.Source.Microphone, dtx: false });
      for (const participant of room.remoteParticipants.values()) this.joined(participant);
      if (!this.bot) this.waitForABot();
      return true;
    } catch (error) {
      if (this.state === "connecting") this.options.failed(reason(error));
      await this.end();
      return false;
    }
  }

  async end(): Promise<void> {
    if (this.state === "idle" || this.state === "ending") return;
    this.state = "ending";
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.options.changed();
    const room = this.room;
    this.room = this.bot = null;
    await room?.disconnect().catch(() => undefined);
    await this.microphone?.disconnect();
    this.microphone = null;
    this.options.speaker.srcObject = null;
    this.interrupted = false;
    this.state = "idle";
    this.view.speaking = null;
    if (this.view.state === "live") this.view.state = "ended";
    this.options.changed();
  }

  toggleMute(): void {
    this.muted = !this.muted;
    this.microphone?.enableMic(!this.muted);
    this.options.changed();
  }

  async say(text: string): Promise<void> {
    this.take("user-typed", { text });
    await this.send("send-text", { content: text, options: { run_immediately: true, audio_response: true } });
  }

  private listen(room: Room): void {
    room
      .on(RoomEvent.ParticipantConnected, (participant) => this.joined(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant, why) => this.left(participant, why))
      .on(RoomEvent.TrackSubscribed, (track, _publication, participant) => this.hear(track, participant))
      .on(RoomEvent.TrackUnsubscribed, (track) => void track.detach())
      .on(RoomEvent.DataReceived, (payload, participant) => this.receive(payload, participant))
      .on(RoomEvent.Reconnecting, () => this.interrupt(true))
      .on(RoomEvent.Reconnected, () => this.interrupt(!this.bot))
      .on(RoomEvent.Disconnected, (why) => this.disconnected(room, why));
  }

  private joined(participant: RemoteParticipant): void {
    if (participant.kind !== ParticipantKind.AGENT || participant === this.bot) return;
    // A bot that takes over replaces the one before, whose ghost may still be in the room.
    this.bot = participant;
    clearTimeout(this.waiting);
    this.interrupt(false);
    this.introduce();
  }

  private left(participant: RemoteParticipant, why?: DisconnectReason): void {
    if (participant !== this.bot) return;
    this.bot = null;
    this.view.speaking = null;
    if (why === DisconnectReason.CLIENT_INITIATED) {
      this.later(GOODBYE_MS, () => !this.bot && void this.end());
    } else {
      this.interrupt(true);
      this.waitForABot();
    }
    this.options.changed();
  }

  private waitForABot(): void {
    clearTimeout(this.waiting);
    this.waiting = this.later(NO_BOT_MS, () => {
      if (this.bot) return;
      this.options.failed("No bot came into the room. Is a worker running?");
      void this.end();
    });
  }

  private hear(track: RemoteTrack, participant: RemoteParticipant): void {
    if (track.kind !== Track.Kind.Audio || participant.kind !== ParticipantKind.AGENT) return;
    track.attach(this.options.speaker);
    void this.options.speaker.play().catch(() => undefined);
    this.joined(participant);
    // A bot that takes over under the same identity shows by its new track only.
    if (track.sid !== this.botTrack) this.introduce();
    this.botTrack = track.sid ?? null;
  }

  /** Tell the bot that the page is ready, until it answers. */
  private introduce(): void {
    const nth = ++this.introductions;
    this.botReady = false;
    const again = (): void => {
      if (!this.bot || this.botReady || nth !== this.introductions) return;
      const about = { library: "leadline-room", platform: "browser" };
      void this.send("client-ready", { version: RTVI_VERSION, about });
      this.later(ASK_AGAIN_MS, again);
    };
    again();
  }

  private receive(payload: Uint8Array, participant?: RemoteParticipant): void {
    if (!participant || participant.identity !== this.bot?.identity) return;
    let message: { label?: string; type?: string; data?: unknown };
    try {
      message = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return;
    }
    if (message.label !== RTVI || !message.type) return;
    if (this.state === "connecting") this.goLive();
    if (message.type === "bot-ready") this.botReady = true;
    else this.take(message.type, message.data);
  }

  private goLive(): void {
    this.state = "live";
    this.startedAt = performance.now();
    if (this.view.state === "idle") this.view.state = "live";
    this.options.changed();
  }

  private async send(type: string, data: unknown): Promise<void> {
    const message = { label: RTVI, type, id: crypto.randomUUID().slice(0, 8), data };
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    await this.room?.localParticipant.publishData(bytes, { reliable: true }).catch(() => undefined);
  }

  private take(type: string, data?: unknown): void {
    const message: Message = { t: this.elapsed, type, data };
    this.view.take(message);
    this.options.changed();
  }

  private interrupt(interrupted: boolean): void {
    this.interrupted = interrupted;
    this.options.changed();
  }

  private disconnected(room: Room, why?: DisconnectReason): void {
    if (room !== this.room) return;
    const lost = why !== DisconnectReason.ROOM_DELETED && why !== DisconnectReason.PARTICIPANT_REMOVED;
    if (lost && this.state === "live") this.options.failed("The connection to the room was lost.");
    void this.end();
  }

  private later(ms: number, what: () => void): number {
    const timer = window.setTimeout(() => {
      this.timers.delete(timer);
      what();
    }, ms);
    this.timers.add(timer);
    return timer;
  }
}

async function begin(): Promise<Started> {
  const answer = await fetch("/browser/calls", { method: "POST" });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.detail ?? `The server answered ${answer.status}.`);
  return body as Started;
}

function reason(error: unknown): string {
  const { name, message, type } = error as { name?: string; message?: string; type?: string };
  if (name === "NotAllowedError" || type === "permissions") {
    return "The browser has no permission to use the microphone. Allow it beside the address bar, or type below.";
  }
  if (name === "NotFoundError") return "No microphone was found. Plug one in, or type below.";
  return message || "The call could not be started.";
}
