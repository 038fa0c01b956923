"""An SMTP server that really receives: smtp_peer.py MAILDIR PORT MODE CERT KEY. Prints READY PORT.

MODE: plain | starttls (AUTH only after TLS, user u, password p) | login (the same without AUTH PLAIN) | tls (implicit, with AUTH) | nostarttls (offers STARTTLS, then refuses it).
Local parts with a meaning: nobody 550, grey 451 twice then accepted, grey-always 451, drop: the connection is reset, a key of POLICY: that answer
twice, as of a relay that does not know its client, then accepted.
"""
import signal
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult

maildir, port, mode, cert, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
tries = {}
POLICY = {
    "denied": "554 5.7.1 <denied@example.org>: Relay access denied",
    "unknown": "530 5.7.0 Authentication required",
    "clear": "530 Must issue a STARTTLS command first",
    "weak": "538 Encryption required for requested authentication mechanism",
    "blocked": "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked",
    "expired": "535 5.7.8 Authentication credentials invalid",
    "spf": "550 5.7.23 The message was rejected due to Sender Policy Framework violation",
}


class Handler(Mailbox):
    async def handle_RCPT(self, server, session, envelope, address, options):
        user = address.split("@")[0]
        tries[user] = tries.get(user, 0) + 1
        print("RCPT", user, "tls" if session.ssl else "clear", "auth" if session.authenticated else "anonymous", flush=True)
        if user == "nobody":
            return "550 5.1.1 no such user"
        if user in POLICY and tries[user] <= 2:
            return POLICY[user]
        if user == "grey-always" or (user == "grey" and tries[user] <= 2):
            return "451 4.7.1 try again later"
        if user == "drop":
            server.transport.abort()
            return "421 bye"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class RefusingStartTls(SMTP):
    async def smtp_STARTTLS(self, arg):
        await self.push("454 4.7.0 TLS not available")


class AnyPort(Controller):
    """Takes a port of the system's choice: the stock controller then knocks at port 0."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class RefusingController(AnyPort):
    def factory(self):
        return RefusingStartTls(self.handler, **self.SMTP_kwargs)


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"u" and data.password == b"p\xc3\xa4ss", handled=False)


context = None
if mode != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
kind, options = AnyPort, {}
if mode == "starttls":
    options = dict(tls_context=context, authenticator=authenticate, auth_require_tls=True)
elif mode == "login":
    options = dict(tls_context=context, authenticator=authenticate, auth_require_tls=True, auth_exclude_mechanism=["PLAIN"])
elif mode == "tls":
    options = dict(ssl_context=context, authenticator=authenticate, auth_required=True, auth_require_tls=False)
elif mode == "nostarttls":
    kind, options = RefusingController, dict(tls_context=context)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
controller = kind(Handler(maildir), hostname="127.0.0.1", port=port, **options)
controller.start()
print("READY", controller.port, flush=True)
signal.sigwait({signal.SIGTERM})
controller.stop()
