// Another client: prints the rows of `select * from TABLE` as JSON, one a line. Usage: select.js HOST PORT TABLE
'use strict';
const cassandra = require('cassandra-driver');
const [host, port, table] = process.argv.slice(2);
const client = new cassandra.Client({ contactPoints: [host], protocolOptions: { port: Number(port) } });
client.execute(`select * from ${table}`, (error, result) => {
  if (error) {
    console.error(error);
    process.exit(1);
  }
  for (const row of result.rows) {
    console.log(JSON.stringify({ email: row.email, otp: row.otp }));
  }
  process.exit(0);
});
