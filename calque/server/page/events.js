// Progress of a job: as the server sends it, or by asking again and again where it does not.

const POLL = 1000; // milliseconds
const ENDED = ["done", "failed", "cancelled"];

/** Events of a stream of the type text/event-stream, as {event, data}. */
export async function* parse(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { event: "message", data: [] };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) yield { event: event.event, data: event.data.join("\n") };
        event = { event: "message", data: [] };
        continue;
      }
      const [, field, text] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") event.event = text;
      else if (field === "data") event.data.push(text);
    }
  }
}

/** Tell `told` of a job's state until it has ended; gives the last one. */
export async function follow(api, id, told, signal) {
  let job = null;
  try {
    const answer = await api.open("GET", `jobs/${id}/events`, { signal, accept: "text/event-stream" });
    for await (const { event, data } of parse(answer.body)) {
      if (event === "progress") told((job = JSON.parse(data)));
      if (event === "end" || (job && ENDED.includes(job.state))) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    // A proxy that does not let streams through, or one that was cut: ask instead.
  }
  while (!job || !ENDED.includes(job.state)) {
    told((job = await api.call("GET", `jobs/${id}`, { signal })));
    if (!ENDED.includes(job.state)) await pause(POLL, signal);
  }
  return job;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
