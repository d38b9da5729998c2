// A client of a language server over stdio, for tests.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// runner is the program under test.
export const runner = process.env.SCENARIO_RUNNER ?? fileURLToPath(new URL('../../bin/scenario-runner', import.meta.url));

const patience = 30_000;

export class Client {
  constructor(command, args, settings = {}) {
    this.settings = settings;
    this.last = 0;
    this.waiting = new Map();
    this.published = new Map();
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.ended = new Promise((resolve) => this.process.on('exit', resolve));
    let buffer = Buffer.alloc(0);
    this.process.stdout.on('data', (data) => {
      buffer = Buffer.concat([buffer, data]);
      for (;;) {
        const end = buffer.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
        if (buffer.length < end + 4 + length) return;
        const message = JSON.parse(buffer.subarray(end + 4, end + 4 + length));
        buffer = buffer.subarray(end + 4 + length);
        this.take(message);
      }
    });
  }

  send(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  notify(method, params) {
    this.send({ method, params });
  }

  request(method, params) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), patience);
      this.waiting.set(id, (message) => {
        clearTimeout(timer);
        if (message.error) reject(new Error(message.error.message));
        else resolve(message.result);
      });
      this.send({ id, method, params });
    });
  }

  take(message) {
    if (message.method === 'workspace/configuration') {
      const value = (item) => (item.section ?? '').split('.').reduce((o, key) => (key ? o?.[key] : o), this.settings) ?? null;
      this.send({ id: message.id, result: message.params.items.map(value) });
    } else if (message.method && message.id !== undefined) {
      this.send({ id: message.id, result: null });
    } else if (message.method === 'textDocument/publishDiagnostics') {
      this.published.get(message.params.uri)?.(message.params.diagnostics);
    } else if (message.id !== undefined) {
      const answer = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      answer?.(message);
    }
  }

  async initialize(root) {
    const result = await this.request('initialize', {
      processId: process.pid,
      rootUri: root,
      workspaceFolders: [{ uri: root, name: 'test' }],
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
          hover: { contentFormat: ['markdown'] },
        },
      },
    });
    this.notify('initialized', {});
    this.notify('workspace/didChangeConfiguration', { settings: this.settings });
    return result;
  }

  // open sends a document and returns its diagnostics.
  open(uri, text) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${uri}: no diagnostics`)), patience);
      this.published.set(uri, (diagnostics) => {
        clearTimeout(timer);
        resolve(diagnostics);
      });
      this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    });
  }

  async stop() {
    await this.request('shutdown');
    this.notify('exit');
    return this.ended;
  }
}

// split takes the mark ‸ out of a text and says where it stood.
export function split(marked) {
  const at = marked.indexOf('‸');
  if (at < 0) return { text: marked };
  const lines = marked.slice(0, at).split('\n');
  return { text: marked.replace('‸', ''), position: { line: lines.length - 1, character: lines.at(-1).length } };
}

// apply does what an editor does with an edit whose snippet places are left as they are: further lines are indented as the
// line of the edit is.
export function apply(text, edit) {
  const indent = /^ */.exec(text.split('\n')[edit.range.start.line])[0];
  const offset = (p) => text.split('\n').slice(0, p.line).reduce((n, line) => n + line.length + 1, 0) + p.character;
  return text.slice(0, offset(edit.range.start)) + plain(edit.newText).replaceAll('\n', `\n${indent}`) + text.slice(offset(edit.range.end));
}

// plain is a snippet's text with what its places propose.
function plain(snippet) {
  return snippet
    .replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1')
    .replace(/\$\{\d+:((?:\\.|[^}\\])*)\}/g, '$1')
    .replace(/\$\d+/g, '')
    .replace(/\\([$}\\])/g, '$1');
}
