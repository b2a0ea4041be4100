// Slack's Web API on the loopback address, kept in memory by `emulate`; prints the address that SLACK_API_URL takes.
//
// Slack takes its methods by GET and POST alike, and slack-sdk asks for lists by GET; the emulator reads forms that are
// posted, and nothing else. So what stands in a query is handed on as a form.
const http = require("http");
const fs = require("fs");
const path = require("path");

const FORM = "application/x-www-form-urlencoded";

function asForm(request, body) {
  const [address, query] = request.url.split("?", 2);
  const headers = { ...request.headers };
  delete headers["content-length"];
  delete headers.host;
  if (request.method !== "GET" && !query) return { method: request.method, address, headers, body };
  headers["content-type"] = FORM;
  return { method: "POST", address, headers, body: Buffer.from([query, body.toString()].filter(Boolean).join("&")) };
}

function front(port) {
  return http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { method, address, headers, body } = asForm(request, Buffer.concat(parts));
    const options = { host: "127.0.0.1", port, method, path: address, headers: { ...headers, "content-length": body.length } };
    const onward = http.request(options, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", (e) => response.destroy(e));
    onward.end(body);
  });
}

async function main() {
  const { createEmulator } = await import("emulate");
  const seed = JSON.parse(fs.readFileSync(path.join(__dirname, "seed.json"), "utf-8"));
  const emulator = await createEmulator({ service: "slack", port: 0, hostname: "127.0.0.1", seed });
  const server = front(new URL(emulator.url).port);
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/api/`));
  process.on("SIGTERM", () => process.exit(0));
}

main();
