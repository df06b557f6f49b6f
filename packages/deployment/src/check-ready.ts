// The health check of a container: whether the service in it says on its health port that it is ready.
import { get } from "node:http";

const TIMEOUT_MS = 3000;

get(`http://127.0.0.1:${process.env.HEALTH_PORT}/readyz`, { timeout: TIMEOUT_MS }, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
})
  .on("timeout", function (this: { destroy(error: Error): void }) {
    this.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
  })
  .on("error", (error) => {
    process.exitCode = 1;
    process.stderr.write(`${error.message}\n`);
  });
