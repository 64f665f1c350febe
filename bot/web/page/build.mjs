// Builds the pages into ../static: app.js, room.js, app.css, index.html, room.html, favicon.svg and the licences of
// what is bundled. Run `npm ci && npm run build` after a change and commit the result.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.ts", room: "src/room.ts" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2023",
  legalComments: "none", // LICENSES.txt carries every licence in full.
  metafile: true,
  // The transport imports Daily's SDK for its default microphone; ours needs none (see no-daily.ts).
  alias: { "@daily-co/daily-js": "./src/no-daily.ts" },
  logLevel: "info",
});
for (const name of ["index.html", "room.html", "favicon.svg"]) await copyFile(join(here, "src", name), join(out, name));

const packages = new Set(
  Object.keys(result.metafile.inputs)
    .map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
    .filter(Boolean),
);
// livekit-client is published with its own dependencies inside.
const { dependencies } = JSON.parse(await readFile(join(here, "node_modules/livekit-client/package.json"), "utf8"));
for (const name of Object.keys(dependencies)) packages.add(name);
const notices = [];
for (const name of [...packages].sort()) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  // client-js is published without its licence file; it is the same as the transport's, by the same authors.
  const sibling = join(here, "node_modules", "@pipecat-ai", "small-webrtc-transport", "LICENSE");
  const text = texts.join("\n").trim() || (name === "@pipecat-ai/client-js" ? await readFile(sibling, "utf8") : "");
  if (!text) throw new Error(`${name} carries no licence: find its text before bundling it`);
  notices.push(`${name} ${version} (${license})\n\n${text}`);
}
await writeFile(
  join(out, "LICENSES.txt"),
  `app.js and room.js bundle these packages.\n\n${notices.join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
);

// What the bundle was made of: a test compares, so that a change of the sources is not forgotten.
const sources = (await readdir(join(here, "src"))).map((name) => join("src", name));
const lines = [];
for (const name of [...sources, "build.mjs", "package-lock.json"].sort()) {
  lines.push(`${createHash("sha256").update(await readFile(join(here, name))).digest("hex")}  ${name}\n`);
}
await writeFile(join(out, "sources.sha256"), lines.join(""));
