import os from 'node:os';
import { titleOf } from './eras.mjs';
import { FORMS, LINES, PLACES } from './stage.mjs';

/** What a run found, as a page of the documentation. */
export function describeRun(found, eras) {
  const date = new Date().toISOString().slice(0, 10);
  const limited = found.filter(({ client }) => client.can.notes);
  return `# Clients

What real clients do with a server that uses mcp-persist. This page is written by a run; don't edit it.

    mvn -B -DskipTests package
    verification/clients/run --docs docs/clients.md

Run on ${date}, with Node ${process.versions.node}, ${os.type()}. Each client, in a process of its own,
calls the [Spring AI sample](../samples/spring-ai-server) on two instances and one Redis, through a balancer that sends each request to
the other instance and cuts connections: by RST, by FIN in the middle of the body, and by an orderly end of it, each
${list(Object.values(PLACES))}. Revision 2026-07-28, in which there is nothing to resume, is switched off there; [below](#both-eras) it is on.

${table(['Client', 'Revision', 'Initialize, list, call', 'Progress', 'Elicitation', 'Survives RST', 'FIN', 'clean end',
    'Resumes on another instance', 'Sends DELETE', 'Bears `retry:`', 'Sends as `User-Agent`'],
  found.map(({ client, revision, initialize, list: lists, progress, elicitation, cuts, elsewhere, deletes, fails, userAgents }) => [
    client.title, revision, yes(initialize && lists), yes(progress), yes(elicitation), ...Object.keys(FORMS).map((form) => survives(cuts[form])),
    (elsewhere === undefined) ? 'never resumes' : yes(elsewhere), yes(deletes), yes(!fails.includes('retry')),
    userAgents.map((agent) => `\`${agent}\``).join(', '),
  ]))}

**Progress** and **elicitation** are what the client offers to whoever uses it. **Survives** means that the call has its
result, and each progress message once. A client that doesn't survive never asks for the rest by itself: that is its own
limit. The run makes sure that the result was there, by resuming the stream in its place on the other instance.
A connection must not be closed by the server (\`StreamConnection.close()\`, \`max-connection-age\`) on a client that
doesn't survive a clean end.

## The standalone stream

What the client does when its listening GET is cut: \`cursor\`, it resumes after its last event and misses nothing;
\`anew\`, it opens another without \`Last-Event-ID\`; \`never\`, it doesn't listen any more.

${table(['Client', ...Object.values(FORMS)], found.map(({ client, listening }) => [client.title, ...Object.keys(FORMS).map((form) => `\`${listening[form]}\``)]))}

## Lines

Lines of a stream, put in front of the answer to a call.

${table(['Client', ...Object.keys(LINES)], found.map(({ client, fails }) => [client.title, ...Object.keys(LINES).map((line) => fails.includes(line) ? '**fails**' : 'bears')]))}

${Object.entries(LINES).map(([name, line]) => `- ${name}: \`${JSON.stringify(line).slice(1, -1)}\``).join('\n')}

## Both eras

What the same clients do with servers of [both eras](both-eras.md), which are two instances of the
[conformance server](../samples/conformance-server) as it comes. A client takes the era that the table says, with
nothing set at the server. The tool blocks twice for its user's answer. In revision 2026-07-28 that takes three requests,
and those that bring the answers go to the instance that doesn't run the tool, as answers do in sessions.

${table(['Client', 'Takes', 'Asks `server/discover`', 'List, call', 'Progress', 'Completes a tool that asks twice'],
  eras.map(({ client, era, discovers, list: lists, progress, elicitation }) => [
    titleOf(client), (era === 'modern') ? '2026-07-28' : 'a session', yes(discovers), yes(lists), yes(progress), yes(elicitation),
  ]))}

A client without elicitation gets an error of the tool's that says so.

## Notes

${[...limited.map(({ client }) => `- **${client.title}.** ${client.can.notes}`),
    ...found.filter(({ refused }) => refused.length > 0).map(({ client, refused }) => `- **${client.title}.** Is refused, and bears it: ${refused.map((one) => `\`${one}\``).join(', ')}.`)]
    .sort().join('\n')}
`;
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function yes(value) {
  return value ? 'yes' : 'no';
}

function survives(places) {
  const lost = Object.keys(places).filter((place) => !places[place]);
  return (lost.length === 0) ? 'yes' : (lost.length === Object.keys(places).length) ? 'no' : `not ${list(lost.map((place) => PLACES[place]))}`;
}

function list(parts) {
  return (parts.length < 2) ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
