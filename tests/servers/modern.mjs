/**
 * A server on the TypeScript SDK v2 that speaks the 2026-07-28 era alone, as SDK v2's own servers may.
 *
 *     node modern.mjs                 on stdio
 *     node modern.mjs --http 8000     on streamable HTTP, at /mcp
 */

import { createServer } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import {
  acceptedContent,
  completable,
  createMcpHandler,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const REGIONS = ["eu-north", "eu-west", "us-east"];

let deployments = 0;

/** Set below: tells everyone who listens that a resource has changed. */
let notify;

const text = (said) => ({ content: [{ type: "text", text: said }] });

function build() {
  const server = new McpServer(
    { name: "modern", title: "A modern server", version: "3.1.4" },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} },
      instructions: "Deploy with care.",
    },
  );

  server.registerTool(
    "area",
    {
      title: "Area of a circle",
      annotations: { readOnlyHint: true, idempotentHint: true },
      inputSchema: z.object({ radius: z.number().min(0) }),
      outputSchema: z.object({ area: z.number() }),
    },
    async ({ radius }) => {
      const structuredContent = { area: Math.PI * radius ** 2 };
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );

  // Asks the user for a confirmation, in a round of its own.
  const confirmation = z.object({ confirm: z.boolean(), note: z.string().max(80).optional() });
  server.registerTool(
    "deploy",
    {
      annotations: { destructiveHint: true },
      inputSchema: z.object({ region: z.enum(REGIONS).meta({ "x-mcp-header": "Region" }) }),
    },
    async ({ region }, { mcpReq }) => {
      const answer = inputResponse(mcpReq.inputResponses, "confirm");
      if (answer.kind === "missing") {
        const confirm = inputRequired.elicit({ message: `Deploy to ${region}?`, requestedSchema: confirmation });
        return inputRequired({ inputRequests: { confirm }, requestState: `asked about ${region}` });
      }
      const accepted = acceptedContent(mcpReq.inputResponses, "confirm", confirmation);
      if (!accepted?.confirm) {
        return { ...text(`Not deployed: ${answer.action}.`), isError: true };
      }
      if (mcpReq.requestState() !== `asked about ${region}`) {
        return { ...text("The state was not the one that was sent."), isError: true };
      }
      deployments += 1;
      notify("deployments://count");
      return text(`Deployed to ${region}.`);
    },
  );

  // Asks the user's model, and the editor for its folders, in one round.
  server.registerTool("survey", { inputSchema: z.object({}) }, async (_, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "answer");
    const folders = inputResponse(mcpReq.inputResponses, "folders");
    if (answer.kind !== "sampling" || folders.kind !== "roots") {
      const messages = [{ role: "user", content: { type: "text", text: "What is a good name?" } }];
      return inputRequired({
        inputRequests: {
          answer: inputRequired.createMessage({ messages, maxTokens: 10 }),
          folders: inputRequired.listRoots(),
        },
      });
    }
    return text(`${answer.result.content.text} in ${folders.roots.map((root) => root.uri).join(", ")}`);
  });

  server.registerTool(
    "count",
    { inputSchema: z.object({ to: z.int().min(1).max(100) }) },
    async ({ to }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= to; progress++) {
        if (progressToken !== undefined) {
          await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: to } });
        }
      }
      await mcpReq.log("notice", `counted to ${to}`, "counter");
      return text(String(to));
    },
  );

  server.registerResource("deployments", "deployments://count", { mimeType: "text/plain" }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: "text/plain", text: String(deployments) }],
  }));

  const startingWith = (value) => REGIONS.filter((region) => region.startsWith(value));
  server.registerResource(
    "region",
    new ResourceTemplate("region://{name}", { list: undefined, complete: { name: startingWith } }),
    { description: "A region" },
    async (uri, { name }) => ({ contents: [{ uri: uri.href, text: `The region ${name}` }] }),
  );

  server.registerPrompt(
    "postmortem",
    { title: "Write a post-mortem", argsSchema: z.object({ region: completable(z.string(), startingWith) }) },
    async ({ region }) => ({
      messages: [{ role: "user", content: { type: "text", text: `What went wrong in ${region}?` } }],
    }),
  );
  return server;
}

const http = process.argv.indexOf("--http");
if (http > 0) {
  const handler = createMcpHandler(build, { legacy: "reject" });
  notify = (uri) => handler.notify.resourceUpdated(uri);
  const serve = toNodeHandler(handler);
  createServer((request, response) => {
    if (request.url === "/mcp") {
      void serve(request, response);
    } else {
      response.writeHead(404).end();
    }
  }).listen(Number(process.argv[http + 1]), "127.0.0.1");
} else {
  let server;
  notify = (uri) => server.server.sendResourceUpdated({ uri });
  serveStdio(
    () => {
      server = build();
      return server;
    },
    { legacy: "reject" },
  );
}
