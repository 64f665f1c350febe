// Stands in for @daily-co/daily-js. Pipecat's transport uses Daily's SDK for its default media
// manager, and that SDK loads its engine from Daily's CDN. This page brings its own microphone
// (microphone.ts) and loads nothing from another host.
export default {
  getCallInstance(): never {
    throw new Error("the demo page uses its own microphone, not Daily's");
  },
};
