// yaml-language-server with our schemas, as VS Code, Neovim, Helix and others use it for YAML.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client, split } from './client.mjs';

// The files of ours by what their names end with, and their schemas.
export const schemas = {
  'scenario.yaml': new URL('../../schema/scenario.schema.json', import.meta.url),
  'template.yaml': new URL('../../schema/template.schema.json', import.meta.url),
  'suite.yaml': new URL('../../schema/suite.schema.json', import.meta.url),
  'scenario-runner.yaml': new URL('../../schema/config.schema.json', import.meta.url),
};

export const scenario = JSON.parse(readFileSync(schemas['scenario.yaml']));
export const kinds = Object.keys(scenario.definitions).filter((name) => name !== 'steps' && name !== 'step');
export const head = 'apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata:\n  name: a\nsteps:\n';

export class YAML {
  count = 0;

  async start() {
    const settings = {
      yaml: {
        schemaStore: { enable: false }, kubernetesCRDStore: { enable: false }, validate: true, hover: true, completion: true,
        schemas: Object.fromEntries(Object.entries(schemas).map(([suffix, url]) => [url.href, `*${suffix}`])),
      },
      '[yaml]': { 'editor.tabSize': 2 },
    };
    const program = fileURLToPath(new URL('node_modules/yaml-language-server/bin/yaml-language-server', import.meta.url));
    this.server = new Client(process.execPath, [program, '--stdio'], settings);
    await this.server.initialize(new URL('.', import.meta.url).href);
  }

  stop() {
    this.server.process.kill();
  }

  async open(marked, suffix = 'scenario.yaml') {
    const { text, position } = split(marked);
    const uri = new URL(`case${++this.count}.${suffix}`, import.meta.url).href;
    const diagnostics = await this.server.open(uri, text);
    return { text, diagnostics, about: { textDocument: { uri }, position } };
  }

  async complete(marked, suffix) {
    const { text, about } = await this.open(marked, suffix);
    const answer = await this.server.request('textDocument/completion', about);
    return { text, items: answer.items ?? answer };
  }

  // labels are what is offered, each once. The whole object that the server proposes beside its parts is left out.
  async labels(marked, suffix) {
    const { items } = await this.complete(marked, suffix);
    return [...new Set(items.map((item) => item.label).filter((label) => !label.startsWith('object(')))];
  }

  async hover(marked, suffix) {
    const { about } = await this.open(marked, suffix);
    const answer = await this.server.request('textDocument/hover', about);
    return answer?.contents.value ?? '';
  }

  async mistakes(text, suffix) {
    const { diagnostics } = await this.open(text, suffix);
    return [...new Set(diagnostics.map((d) => `${d.range.start.line}:${d.range.start.character} ${d.message}`))];
  }
}
