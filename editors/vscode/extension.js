// Starts `scenario-runner lsp` for scenarios, templates, suites and configurations. Everything else is the server's.
const vscode = require('vscode');
const { LanguageClient, TransportKind } = require('vscode-languageclient/node');

let client;

exports.activate = async function activate() {
  const settings = vscode.workspace.getConfiguration('scenario-runner');
  const args = ['lsp', ...settings.get('allowEnv').map((name) => `--allow-env=${name}`)];
  const server = { command: settings.get('path'), args, transport: TransportKind.stdio };
  client = new LanguageClient('scenario-runner', 'scenario-runner', server, {
    documentSelector: [
      { language: 'yaml', pattern: '**/*.{scenario,template,suite}.{yaml,yml}' },
      { language: 'yaml', pattern: '**/scenario-runner.{yaml,yml}' },
      { language: 'yaml', scheme: 'untitled' },
    ],
  });
  await client.start();
};

exports.deactivate = function deactivate() {
  return client?.stop();
};
