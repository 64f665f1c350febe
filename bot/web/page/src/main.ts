// The page: two calls (the sample and one's own), one shown at a time.
import "./style.css";
import { logger, LogLevel } from "@pipecat-ai/client-js";

import { clock } from "./format";
import { LiveCall } from "./live-call";
import { LiveSound } from "./live-sound";
import { drawLatency, drawLead, element, Transcript } from "./render";
import { SampleCall } from "./sample-call";

logger.setLevel(LogLevel.ERROR);

type Shown = "sample" | "live";
// `?test` sends the microphone untouched: tests play a file into it.
const rawSound = new URLSearchParams(location.search).has("test");
let shown: Shown = "sample";
let scheduled = false;

const recording = element<HTMLAudioElement>("recording");
const liveSound = new LiveSound(schedule);
const sample = new SampleCall(schedule);
const live = new LiveCall({ rawSound, speaker: element<HTMLAudioElement>("speaker"), changed: schedule, failed: complain });
const transcript = new Transcript(element("transcript"), element("announce"), listenFrom);

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  // A timer and not a frame: a hidden tab has no frames, and its call goes on.
  setTimeout(() => {
    scheduled = false;
    draw();
  }, 16);
}

function draw(): void {
  const view = shown === "sample" ? sample.view : live.view;
  const done = sample.sample.state === "done";
  const playing = shown === "sample" && done && !recording.paused;
  transcript.draw(view, {
    caller: shown === "sample" ? (sample.sample.caller?.split(" ")[0] ?? "Caller") : "You",
    seekable: shown === "sample" && done,
    at: playing ? recording.currentTime : null,
    empty: shown === "sample" ? sampleHint() : liveHint(),
  });
  drawLead(view);
  view.changed.clear();
  drawLatency(view);
  drawTabs();
  drawSampleBar();
  drawDock();
  drawStatus();
}

function sampleHint(): string {
  if (sample.sample.state === "failed") return `The sample call failed: ${sample.sample.error}`;
  return "A simulated caller is dialling…";
}

function liveHint(): string {
  if (live.state === "connecting") return "Connecting…";
  if (live.state === "live") return "The bot is about to greet you.";
  return "Press the microphone and say hello.\nHeadphones sound best; loudspeakers work too.";
}

function drawTabs(): void {
  for (const name of ["sample", "live"] as const) {
    const tab = element(`tab-${name}`);
    tab.setAttribute("aria-selected", String(shown === name));
    tab.tabIndex = shown === name ? 0 : -1;
    tab.classList.toggle("busy", name === "sample" ? sample.sample.state === "running" : live.state === "live");
  }
  element("transcript").setAttribute("aria-labelledby", `tab-${shown}`);
}

function drawSampleBar(): void {
  const { state, caller, company } = sample.sample;
  element("sample-bar").hidden = shown !== "sample";
  element("who").textContent = caller
    ? `${caller}${company ? ` of ${company}` : ""}, a simulated caller: real speech over WebRTC, both ways.`
    : "";
  const listen = element<HTMLButtonElement>("listen");
  listen.disabled = state === "waiting" || state === "failed";
  const playing = liveSound.playing || !recording.paused;
  listen.setAttribute("aria-pressed", String(playing));
  listen.querySelector("span")!.textContent = playing ? "Stop" : state === "running" ? "Listen in" : "Listen";
  element("again").hidden = state !== "done" && state !== "failed";
}

function drawDock(): void {
  const talk = element<HTMLButtonElement>("talk");
  talk.dataset.state = live.state;
  talk.disabled = live.state === "ending";
  const text = { idle: live.used ? "Talk again" : "Talk to Leadline", connecting: "Connecting…", live: "End the call", ending: "Ending…" };
  element("talk-label").textContent = text[live.state];
  element("mute").hidden = live.state !== "live";
  element("mute").setAttribute("aria-pressed", String(live.muted));
  element("mute").textContent = live.muted ? "Unmute" : "Mute";
}

function drawStatus(): void {
  const view = shown === "sample" ? sample.view : live.view;
  const running = shown === "sample" ? sample.sample.state === "running" : live.state === "live";
  const state = element("state");
  const phase = running ? (view.speaking === "bot" ? "speaking" : view.speaking === "caller" ? "listening" : "live") : "off";
  state.dataset.phase = phase;
  const text =
    phase === "speaking" ? "Leadline is speaking" : phase === "listening" ? (shown === "live" ? "You are speaking" : "The caller is speaking")
    : phase === "live" ? "Live" : view.state === "ended" ? ended(view.endReason) : "";
  if (state.textContent !== text) state.textContent = text;
  const elapsed = shown === "sample" ? sample.elapsed : live.elapsed;
  element("clock").textContent = running || (shown === "sample" && sample.sample.state === "done") ? clock(elapsed) : "";
}

function ended(reason: string | null): string {
  const known: Record<string, string> = { completed: "Completed", caller_left: "Caller left", max_duration: "Time is up", failed: "Failed" };
  return reason ? (known[reason] ?? reason.replaceAll("_", " ")) : "Ended";
}

function show(next: Shown, focus = false): void {
  shown = next;
  if (focus) element(`tab-${next}`).focus();
  schedule();
}

function complain(what: string): void {
  const problem = element("problem");
  problem.textContent = what;
  problem.hidden = !what;
}

function stopListening(): void {
  liveSound.stop();
  recording.pause();
  recording.removeAttribute("src");
  schedule();
}

async function listenFrom(t: number): Promise<void> {
  if (!recording.src.endsWith("/api/sample/audio.wav")) recording.src = "/api/sample/audio.wav";
  recording.currentTime = Math.max(0, t - 0.3);
  await recording.play().catch(() => complain("The browser could not play the recording."));
}

async function toggleListen(): Promise<void> {
  if (liveSound.playing || !recording.paused) return stopListening();
  complain("");
  if (sample.sample.state !== "running") return listenFrom(0);
  await liveSound.play("/api/sample/audio.wav").catch(() => complain("The call cannot be heard now: listen when it is over."));
}

async function toggleTalk(): Promise<void> {
  complain("");
  if (live.state === "live" || live.state === "connecting") return live.end();
  stopListening();
  show("live");
  await live.start();
}

async function typed(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const input = element<HTMLInputElement>("text");
  const text = input.value.trim();
  if (!text) return;
  complain("");
  show("live");
  stopListening();
  if (live.state !== "live" && !(await live.start({ silent: true }))) return;
  input.value = "";
  await live.say(text);
}

element("talk").onclick = () => void toggleTalk();
element("mute").onclick = () => live.toggleMute();
element("listen").onclick = () => void toggleListen();
element("again").onclick = () => {
  stopListening();
  void sample.again();
};
element<HTMLFormElement>("type").onsubmit = (event) => void typed(event);
element("tab-sample").onclick = () => show("sample");
element("tab-live").onclick = () => show("live");
for (const name of ["sample", "live"] as const) {
  element(`tab-${name}`).onkeydown = (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") show(name === "sample" ? "live" : "sample", true);
  };
}
for (const event of ["play", "pause", "ended", "timeupdate"]) recording.addEventListener(event, schedule);
setInterval(schedule, 500);

(function meter(): void {
  element("halo").style.transform = `scale(${1 + 0.9 * live.level})`;
  requestAnimationFrame(meter);
})();
schedule();
