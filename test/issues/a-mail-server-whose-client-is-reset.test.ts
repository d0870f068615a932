import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { projectRoot } from '../../dev/paths.js';

/** In a process of its own, which an error that nobody takes would end. */
const RESET_AND_GO_ON = `
  import { once } from 'node:events';
  import { connect } from 'node:net';
  import { startSmtpSink } from './dist/dev/smtp-sink.js';
  const sink = await startSmtpSink();
  const join = async () => {
    const client = connect(sink.port, '127.0.0.1');
    await once(client, 'data');
    return client;
  };
  const first = await join();
  first.write('DATA\\r\\n');
  await once(first, 'data');
  first.resetAndDestroy();
  const second = await join();
  second.write('DATA\\r\\n');
  await once(second, 'data');
  second.write('a mail\\r\\n.\\r\\n');
  await once(second, 'data');
  console.log(sink.mails.join());
  second.destroy();
  await sink.close();
`;

it('goes on taking mails after a connection was reset in the middle of one', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', RESET_AND_GO_ON],
    { cwd: projectRoot },
  );
  expect(stdout.trim()).toBe('a mail');
});
