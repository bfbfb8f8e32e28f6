import type { FastifyInstance } from 'fastify';
import { type Faults, readFaults } from './faults.ts';

/** A simulator whose faults can be changed while it runs. */
export interface Faulty {
  readonly faults: Faults;
  setFaults(faults: Faults): void;
}

/** `GET /faults` tells them, `PUT /faults` sets them: 422 names the first field that is wrong, and nothing changes. */
export function faultRoutes(app: FastifyInstance, simulator: Faulty): void {
  app.get('/faults', () => simulator.faults);
  app.put('/faults', (request, reply) => {
    try {
      simulator.setFaults(readFaults(request.body));
      return simulator.faults;
    } catch (error) {
      return reply.code(422).send({ error: (error as Error).message });
    }
  });
}
