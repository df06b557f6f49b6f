import type { Fault } from "./fault.ts";

const BATCHES = 3;
const AROUND = 20;

/** Events that the contract allows and PostgreSQL refuses, in the midst of others. */
export const sendPoison: Fault = {
  name: "poison",
  breaks: [],
  async happen({ load }) {
    const { maker, ways } = load;
    for (let count = 0; count < BATCHES; count++) {
      const beside = () => Array.from({ length: AROUND }, () => maker.valid());
      await load.deliver([...beside(), maker.poison(), ...beside()], ways.batch);
      await load.deliver([maker.poison()], ways.REST);
    }
  },
};
