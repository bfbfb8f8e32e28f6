// The least a Node service can be: what a cold start is measured against. Plain JavaScript, so that it does not pay
// for stripping types, which the built connector does not pay for either.
import { createServer } from 'node:http';

createServer((request, response) => {
  request.resume();
  response.writeHead(request.url === '/health' ? 200 : 404, { 'content-type': 'application/json' });
  response.end('{"status":"Healthy"}');
}).listen(Number(process.env.PORT), process.env.HOST);
