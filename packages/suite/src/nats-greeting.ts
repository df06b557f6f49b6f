import { connect } from "node:net";

/** What a NATS server says of itself to whoever connects, before any login. */
export interface NatsGreeting {
  readonly version: string;
  readonly server_name: string;
  readonly jetstream?: boolean;
}

/** The greeting of the NATS server on this port; undefined when none answers within two seconds. */
export function greetingOf(host: string, port: number): Promise<NatsGreeting | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    let heard = "";
    const settle = (greeting?: NatsGreeting) => {
      socket.destroy();
      resolve(greeting);
    };
    socket.setEncoding("utf8").on("data", (text) => {
      heard += text;
      if (heard.includes("\r\n")) settle(parse(heard.slice(0, heard.indexOf("\r\n"))));
    });
    socket.on("error", () => settle());
    socket.on("end", () => settle());
    socket.on("timeout", () => settle());
  });
}

function parse(line: string): NatsGreeting | undefined {
  if (!line.startsWith("INFO ")) return undefined;
  try {
    return JSON.parse(line.slice("INFO ".length));
  } catch {
    return undefined;
  }
}
