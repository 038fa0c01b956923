// The plain Fastify way to answer one JSON object. A peer for ./dev bench.
const app = require('fastify')({ logger: false });
app.get('/', async () => ({ hello: 'world' }));
app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
