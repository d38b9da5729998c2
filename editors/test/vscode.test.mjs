// The extension for VS Code, with the editor's own modules replaced by what they were asked.
import assert from 'node:assert/strict';
import Module, { createRequire } from 'node:module';
import { test } from 'node:test';

test('the extension starts the server for scenarios and stops it', async () => {
  const asked = [];
  class LanguageClient {
    constructor(...args) { asked.push(args); }
    start() { asked.push('start'); }
    stop() { asked.push('stop'); }
  }
  const settings = { path: '/opt/scenario-runner', allowEnv: ['HOME'] };
  const modules = {
    vscode: { workspace: { getConfiguration: () => ({ get: (name) => settings[name] }) } },
    'vscode-languageclient/node': { LanguageClient, TransportKind: { stdio: 0 } },
  };
  const load = Module._load;
  Module._load = (name, ...rest) => modules[name] ?? load(name, ...rest);
  try {
    const require = createRequire(import.meta.url);
    const manifest = require('../vscode/package.json');
    const extension = require(`../vscode/${manifest.main}`);
    await extension.activate();
    extension.deactivate();
    const [[id, , server, options]] = asked;
    assert.equal(id, manifest.name);
    assert.deepEqual(server, { command: '/opt/scenario-runner', args: ['lsp', '--allow-env=HOME'], transport: 0 });
    const patterns = options.documentSelector.map((filter) => filter.pattern).filter(Boolean);
    assert.deepEqual(patterns, ['**/*.{scenario,template,suite}.{yaml,yml}', '**/scenario-runner.{yaml,yml}']);
    assert.deepEqual(asked.slice(1), ['start', 'stop']);
    for (const name of Object.keys(settings)) assert.ok(manifest.contributes.configuration.properties[`scenario-runner.${name}`], name);
  } finally {
    Module._load = load;
  }
});
