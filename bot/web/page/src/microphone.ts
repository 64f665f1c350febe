// The microphone as the media manager that Pipecat's SmallWebRTC transport asks for.
import { DeviceError, type PipecatClientOptions, type Tracks } from "@pipecat-ai/client-js";

const LOCAL = { id: "local", name: "", local: true };

/** How the browser is asked for sound. The echo canceller keeps the bot from hearing itself. */
export function soundConstraints(raw: boolean): MediaTrackConstraints {
  return { echoCancellation: !raw, noiseSuppression: !raw, autoGainControl: !raw };
}

export class Microphone {
  readonly supportsScreenShare = false;
  readonly isCamEnabled = false;
  readonly isSharingScreen = false;
  isMicEnabled = true;

  private callbacks: NonNullable<PipecatClientOptions["callbacks"]> = {};
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  private samples = new Uint8Array(0);
  private track: MediaStreamTrack | null = null;

  /** `silent`: send silence and ask for no microphone (the caller types). */
  constructor(private readonly options: { raw: boolean; silent: boolean }) {}

  setClientOptions(options: PipecatClientOptions): void {
    this.callbacks = options.callbacks ?? {};
  }

  setUserAudioCallback(): void {
    // The track itself goes to the peer connection.
  }

  async initialize(): Promise<void> {
    if (this.track) return;
    this.context = new AudioContext();
    this.track = this.options.silent ? this.silence() : await this.open();
    this.callbacks.onTrackStarted?.(this.track, LOCAL);
  }

  connect(): Promise<void> {
    return this.initialize();
  }

  async disconnect(): Promise<void> {
    this.track?.stop();
    this.track = null;
    this.analyser = null;
    await this.context?.close();
    this.context = null;
  }

  tracks(): Tracks {
    return { local: this.track ? { audio: this.track } : {} };
  }

  enableMic(enable: boolean): void {
    this.isMicEnabled = enable;
    if (this.track) this.track.enabled = enable;
  }

  /** Loudness now, 0 to 1. */
  level(): number {
    if (!this.analyser) return 0;
    this.analyser.getByteTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += ((sample - 128) / 128) ** 2;
    return Math.min(1, 4 * Math.sqrt(sum / this.samples.length));
  }

  enableCam(): void {}
  enableScreenShare(): void {}
  async userStartedSpeaking(): Promise<void> {}
  bufferBotAudio(): undefined {
    return undefined;
  }
  async getAllMics(): Promise<MediaDeviceInfo[]> {
    return (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audioinput");
  }
  async getAllCams(): Promise<MediaDeviceInfo[]> {
    return [];
  }
  async getAllSpeakers(): Promise<MediaDeviceInfo[]> {
    return [];
  }
  updateMic(): void {}
  updateCam(): void {}
  updateSpeaker(): void {}
  get selectedMic(): Record<string, never> {
    return {};
  }
  get selectedCam(): Record<string, never> {
    return {};
  }
  get selectedSpeaker(): Record<string, never> {
    return {};
  }

  private silence(): MediaStreamTrack {
    return this.context!.createMediaStreamDestination().stream.getAudioTracks()[0]!;
  }

  private async open(): Promise<MediaStreamTrack> {
    if (!navigator.mediaDevices) {
      throw new DeviceError(["mic"], "undefined-mediadevices", "open the page on localhost or https");
    }
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: soundConstraints(this.options.raw),
    });
    this.analyser = this.context!.createAnalyser();
    this.analyser.fftSize = 512;
    this.samples = new Uint8Array(this.analyser.fftSize);
    this.context!.createMediaStreamSource(stream).connect(this.analyser);
    return stream.getAudioTracks()[0]!;
  }
}
