// The page for a LiveKit room: one call, one's own.
import { logger, LogLevel } from "@pipecat-ai/client-js";
import { LogLevel as RoomLogLevel, setLogLevel } from "livekit-client";

import { clock } from "./format";
import { drawLatency, drawLead, element, Transcript } from "./render";
import { RoomCall } from "./room-call";

logger.setLevel(LogLevel.ERROR);
setLogLevel(RoomLogLevel.error);

// `?test` sends the microphone untouched: tests play a file into it.
const rawSound = new URLSearchParams(location.search).has("test");
let scheduled = false;

const call = new RoomCall({ rawSound, speaker: element<HTMLAudioElement>("speaker"), changed: schedule, failed: complain });
const transcript = new Transcript(element("transcript"), element("announce"), () => undefined);

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
  transcript.draw(call.view, { caller: "You", seekable: false, at: null, empty: hint() });
  drawLead(call.view);
  call.view.changed.clear();
  drawLatency(call.view);
  drawDock();
  drawStatus();
}

function hint(): string {
  if (call.state === "connecting") return "Connecting…";
  if (call.state === "live") return "The bot is about to greet you.";
  return "Press the microphone and say hello.\nHeadphones sound best; loudspeakers work too.";
}

function drawDock(): void {
  const talk = element<HTMLButtonElement>("talk");
  talk.dataset.state = call.state;
  talk.disabled = call.state === "ending";
  const text = { idle: call.used ? "Talk again" : "Talk to Leadline", connecting: "Connecting…", live: "End the call", ending: "Ending…" };
  element("talk-label").textContent = text[call.state];
  element("mute").hidden = call.state !== "live";
  element("mute").setAttribute("aria-pressed", String(call.muted));
  element("mute").textContent = call.muted ? "Unmute" : "Mute";
}

function drawStatus(): void {
  const live = call.state === "live";
  const state = element("state");
  const phase = !live ? "off" : call.interrupted ? "live" : call.view.speaking === "bot" ? "speaking" : call.view.speaking === "caller" ? "listening" : "live";
  state.dataset.phase = phase;
  const said = { speaking: "Leadline is speaking", listening: "You are speaking", live: "Live", off: call.view.state === "ended" ? "Ended" : "" };
  const text = live && call.interrupted ? "One moment, reconnecting…" : said[phase];
  if (state.textContent !== text) state.textContent = text;
  element("clock").textContent = live ? clock(call.elapsed) : "";
  element("call-id").textContent = call.callId ? `Call ${call.callId}` : "";
}

function complain(what: string): void {
  const problem = element("problem");
  problem.textContent = what;
  problem.hidden = !what;
}

async function typed(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const input = element<HTMLInputElement>("text");
  const text = input.value.trim();
  if (!text) return;
  complain("");
  if (call.state !== "live" && !(await call.start({ silent: true }))) return;
  input.value = "";
  await call.say(text);
}

element("talk").onclick = () => {
  complain("");
  void (call.state === "live" || call.state === "connecting" ? call.end() : call.start());
};
element("mute").onclick = () => call.toggleMute();
element<HTMLFormElement>("type").onsubmit = (event) => void typed(event);
addEventListener("pagehide", () => void call.end());
setInterval(schedule, 500);

(function meter(): void {
  element("halo").style.transform = `scale(${1 + 0.9 * call.level})`;
  requestAnimationFrame(meter);
})();
schedule();
