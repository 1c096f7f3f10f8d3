// Stories that OpenAI's Node SDK lives through, over TLS, as it is. Each ends in what the application saw.
//
//   node stories.mjs STORY BASE_URL MODEL SPEECH
//
// SPEECH is a file of raw audio: PCM16 at 24 kHz, or what the story needs. The result is one line of JSON.
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [story, baseURL, model, speechFile] = process.argv.slice(2);
const speech = readFileSync(speechFile);
const client = new OpenAI({ apiKey: "sk-of-an-application", baseURL });
const lookUp = { type: "function", name: "look_up", parameters: { type: "object", properties: {} } };

class Application {
  constructor(connection) {
    this.socket = new OpenAIRealtimeWS(connection, client);
    this.events = [];
    this.errors = [];
    this.wake = () => {};
    this.at = 0;
    this.socket.on("event", (event) => {
      this.events.push(event);
      this.wake();
    });
    this.socket.on("error", (error) => this.errors.push(error.error?.code ?? String(error)));
  }

  async sees(type) {
    for (;;) {
      while (this.at < this.events.length) {
        const event = this.events[this.at++];
        if (event.type === type) return event;
      }
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  async begins() {
    return (await this.sees("session.created")).session;
  }

  async update(session) {
    this.socket.send({ type: "session.update", session: { type: "realtime", ...session } });
    return (await this.sees("session.updated")).session;
  }

  says(audio = speech, chunk = 4_800) {
    for (let start = 0; start < audio.length; start += chunk) {
      const piece = audio.subarray(start, start + chunk).toString("base64");
      this.socket.send({ type: "input_audio_buffer.append", audio: piece });
    }
  }

  audioBytes(itemId) {
    const deltas = this.events.filter((event) => event.type === "response.output_audio.delta" && event.item_id === itemId);
    return deltas.reduce((sum, event) => sum + Buffer.from(event.delta, "base64").length, 0);
  }
}

async function answered(app) {
  const heard = (await app.sees("conversation.item.input_audio_transcription.completed")).transcript;
  const said = await app.sees("response.output_audio_transcript.done");
  await app.sees("response.done");
  return { heard, said: said.transcript, bytes: app.audioBytes(said.item_id) };
}

const stories = {
  async turn(app) {
    const session = await app.update({ instructions: "Be brief." });
    app.says();
    return { ...(await answered(app)), instructions: session.instructions };
  },

  async pcmu(app) {
    const format = { type: "audio/pcmu" };
    await app.update({ audio: { input: { format }, output: { format } } });
    app.says(speech, 777);
    return answered(app);
  },

  async functions(app) {
    await app.update({ tools: [lookUp] });
    app.says();
    const call = await app.sees("response.function_call_arguments.done");
    await app.sees("response.done");
    const item = { type: "function_call_output", call_id: call.call_id, output: "shipped" };
    app.socket.send({ type: "conversation.item.create", item });
    app.socket.send({ type: "response.create" });
    const said = await app.sees("response.output_audio_transcript.done");
    return { name: call.name, arguments: call.arguments, said: said.transcript };
  },

  async bargeIn(app) {
    app.says();
    const begun = await app.sees("response.output_audio.delta");
    while (app.audioBytes(begun.item_id) < 48 * 1_000) await app.sees("response.output_audio.delta");
    app.says();
    await app.sees("input_audio_buffer.speech_started");
    const done = (await app.sees("response.done")).response;
    app.socket.send({ type: "conversation.item.truncate", item_id: begun.item_id, content_index: 0, audio_end_ms: 700 });
    const cut = await app.sees("conversation.item.truncated");
    return { status: done.status, reason: done.status_details.reason, cutMs: cut.audio_end_ms };
  },

  async cancel(app) {
    app.socket.send({ type: "response.create" });
    await app.sees("response.output_audio.delta");
    app.socket.send({ type: "response.cancel" });
    const done = (await app.sees("response.done")).response;
    return { status: done.status, reason: done.status_details.reason };
  },

  async transcription(app) {
    app.says();
    const heard = (await app.sees("conversation.item.input_audio_transcription.completed")).transcript;
    return { heard, responses: app.events.filter((event) => event.type.startsWith("response.")).length };
  },

  async sideband(app) {
    await app.update({ instructions: "From afar." });
    app.socket.send({ type: "response.create" });
    const said = await app.sees("response.output_audio_transcript.done");
    await app.sees("output_audio_buffer.stopped");
    const sounds = app.events.filter((event) => event.type === "response.output_audio.delta").length;
    return { said: said.transcript, sounds };
  },
};

const connections = { transcription: { intent: "transcription" }, sideband: { callID: model } };
const app = new Application(connections[story] ?? { model });
const session = await app.begins();
const seen = await stories[story](app);
app.socket.close();
console.log(JSON.stringify({ type: session.type, errors: app.errors, ...seen }));
