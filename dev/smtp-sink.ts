import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A mail server that takes everything and keeps it, unless it is told to refuse. */
export interface SmtpSink {
  readonly port: number;
  /** Headers and text of each mail, oldest first. */
  readonly mails: readonly string[];
  /** From now on it reads mails and does not say that it has, until what this returns is called. */
  hold(): () => void;
  /** From now on no mailbox is known, until what this returns is called. */
  refuse(): () => void;
  close(): Promise<void>;
}

/** As much of SMTP (RFC 5321) as handing in a mail needs. */
export async function startSmtpSink(port = 0): Promise<SmtpSink> {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  let released = Promise.resolve();
  let isRefusing = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    const keep = async (mail: string) => {
      mails.push(mail);
      await released;
    };
    // Whoever is reset in the middle of a conversation hands the mail in again; the sink goes on.
    converse(socket, keep, () => isRefusing).catch(() => socket.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      released = promise;
      return resolve;
    },
    refuse() {
      isRefusing = true;
      return () => {
        isRefusing = false;
      };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function converse(
  socket: Socket,
  keep: (mail: string) => Promise<void>,
  isRefusing: () => boolean,
): Promise<void> {
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 sink.example ESMTP');
  let data: string[] | undefined;
  for await (const line of createInterface({ input: socket })) {
    if (data !== undefined) {
      if (line !== '.') {
        data.push(line.replace(/^\.\./, '.'));
        continue;
      }
      await keep(data.join('\n'));
      data = undefined;
      say('250 kept');
    } else if (/^DATA/i.test(line)) {
      data = [];
      say('354 go on');
    } else if (/^RCPT/i.test(line) && isRefusing()) {
      say(`550 5.1.1 ${/<.*>/.exec(line)?.[0]}: Recipient address rejected: User unknown`);
    } else if (/^QUIT/i.test(line)) {
      say('221 bye');
      socket.end();
    } else {
      say('250 fine');
    }
  }
}
