'use strict';
// A mail server with STARTTLS, TLS and sign-in. One JSON object a line on standard output says what happens.
// Usage: node server.js '{"mode": "starttls" | "tls" | "plain", "key": FILE, "cert": FILE, "auth": true}'
const fs = require('fs');
const { SMTPServer } = require('smtp-server');

const options = JSON.parse(process.argv[2]);
const tell = event => process.stdout.write(JSON.stringify(event) + '\n');

const server = new SMTPServer({
  name: 'localhost',
  secure: options.mode === 'tls',
  key: options.key && fs.readFileSync(options.key),
  cert: options.cert && fs.readFileSync(options.cert),
  authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'].filter(method => !options.method || options.method === method),
  authOptional: !options.auth,
  disabledCommands: [
    ...(options.mode === 'starttls' ? [] : ['STARTTLS']),
    ...(options.auth ? [] : ['AUTH']),
  ],
  disableReverseLookup: true,
  logger: false,
  onAuth(auth, session, done) {
    const good = auth.method === 'XOAUTH2' ? auth.accessToken === 't0ken' : auth.password === 's3cret';
    tell({ event: 'auth', method: auth.method, user: auth.username, good, secure: session.secure });
    if (good && auth.username === 'otp') {
      done(null, { user: auth.username });
    } else {
      done(new Error('the user or the password is wrong'));
    }
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('end', () => {
      tell({
        event: 'mail',
        secure: session.secure,
        user: session.user || null,
        to: session.envelope.rcptTo.map(to => to.address),
        content: Buffer.concat(chunks).toString('utf8'),
      });
      done(null, 'queued');
    });
  },
});
server.on('error', error => tell({ event: 'error', message: error.message }));
server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.server.address().port }));
