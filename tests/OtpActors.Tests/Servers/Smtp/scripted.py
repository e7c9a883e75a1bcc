"""A mail server whose replies are in the recipient's name. One JSON object a line on standard output says what happens.

rcpt-550@… is refused at RCPT with 550, data-451@… after its content with 451; everything else is taken. With the argument
"ascii" the server offers no SMTPUTF8.
"""

import asyncio
import json
import re
import sys

from aiosmtpd.smtp import SMTP

SCRIPT = re.compile(r"^(rcpt|data)-(\d{3})@")


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        script = SCRIPT.match(address)
        if script and script[1] == "rcpt":
            return f"{script[2]} {script[2][0]}.1.1 <{address}> is scripted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        tell(event="mail", to=envelope.rcpt_tos, options=envelope.mail_options, content=envelope.content.decode("utf-8"))
        script = SCRIPT.match(envelope.rcpt_tos[0])
        return f"{script[2]} {script[2][0]}.6.0 scripted" if script else "250 2.0.0 taken"


async def main():
    international = "ascii" not in sys.argv[1:]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), hostname="localhost", enable_SMTPUTF8=international, loop=loop), "127.0.0.1", 0)
    tell(event="listening", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
