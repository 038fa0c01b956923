"""A server that speaks the part of Stripe's API that billing uses: checkout and portal sessions, subscriptions, and the events that it signs.

    with StripeStandIn() as stripe:
        stripe.subscribe("sub_1", price="price_team", quantity=5, metadata={...})     as a paid checkout makes one
        stripe.subscriptions["sub_1"]["status"] = "canceled"
        body, signature = stripe.event("customer.subscription.updated", "sub_1")      what it would post to /webhooks/stripe
        stripe.requests                                                               (method, path, form, headers)
        stripe.fail_next.append(500)
        stripe.broken.add("sub_2")                                                    fails whenever it is asked about that one

Forms, objects, errors and signatures are as Stripe's documents have them; stripe_library.py checks them with Stripe's own library."""
import hashlib
import hmac
import itertools
import json
import time
import urllib.parse

from http_stand_in import HttpStandIn


class StripeStandIn(HttpStandIn):
    methods = ("GET", "POST", "DELETE")

    def __init__(self, key="sk_test_1", secret="whsec_test_1"):
        self.key, self.secret = key, secret
        self.requests, self.subscriptions, self.fail_next, self.broken = [], {}, [], set()
        self.delay = 0.0
        self.before_answer = None  # called with a subscription's id before it is shown
        self._numbers = itertools.count(1)
        super().__init__()

    def subscribe(self, subscription, price, quantity=1, metadata=None, customer="cus_1", status="active", created=None, period_end=None):
        now = int(time.time())
        self.subscriptions[subscription] = {
            "id": subscription, "object": "subscription", "customer": customer, "status": status, "created": created or now,
            "current_period_end": period_end or now + 30 * 86400, "metadata": metadata or {},
            "items": {"object": "list", "data": [{"id": "si_1", "object": "subscription_item", "quantity": quantity, "price": {"id": price, "object": "price"}}]}}

    def signature(self, body, at=None, secret=None):
        at = int(time.time()) if at is None else at
        digest = hmac.new((secret or self.secret).encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={at},v1={digest}"

    def event(self, kind, subscription, event_id=None, at=None):
        """(body, signature) of an event about a subscription."""
        if kind.startswith("customer.subscription."):
            thing = self.subscriptions.get(subscription, {"id": subscription, "object": "subscription"})
        else:
            thing = {"id": f"cs_{next(self._numbers)}", "object": "checkout.session" if kind.startswith("checkout.") else "invoice", "subscription": subscription}
        body = json.dumps({"id": event_id or f"evt_{next(self._numbers)}", "object": "event", "type": kind, "created": int(time.time()), "data": {"object": thing}}).encode()
        return body, self.signature(body, at)

    def serve(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        form = dict(urllib.parse.parse_qsl(request.rfile.read(length).decode(), keep_blank_values=True))
        path = urllib.parse.urlsplit(request.path).path
        self.requests.append((request.command, path, form, dict(request.headers)))
        if self.delay:
            time.sleep(self.delay)
        status, body = self._result(request.command, path, form, request.headers)
        content = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.send_header("Request-Id", "req_test")
        request.send_header("Connection", "close")  # so that nothing answers once it is stopped
        request.end_headers()
        request.wfile.write(content)

    def _result(self, method, path, form, headers):
        if self.fail_next:
            failure = self.fail_next.pop(0)
            return (failure, {"error": {"type": "api_error", "message": "told to fail"}}) if isinstance(failure, int) else (200, failure)
        if headers.get("Authorization") != f"Bearer {self.key}":
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}
        missing = (404, {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such object"}})
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            if not {"mode", "success_url", "line_items[0][price]"} <= set(form):
                return 400, {"error": {"type": "invalid_request_error", "message": "Missing required param"}}
            session = f"cs_{next(self._numbers)}"
            return 200, {"id": session, "object": "checkout.session", "url": f"https://checkout.example.com/{session}"}
        if (method, path) == ("POST", "/v1/billing_portal/sessions"):
            return (200, {"id": "bps_1", "object": "billing_portal.session", "url": f"https://portal.example.com/{form['customer']}"}) if "customer" in form else missing
        if path.startswith("/v1/subscriptions/"):
            subscription = urllib.parse.unquote(path.rsplit("/", 1)[1])
            if subscription in self.broken:
                return 500, {"error": {"type": "api_error", "message": "told to fail"}}
            if subscription not in self.subscriptions:
                return missing
            if method == "DELETE":
                self.subscriptions[subscription]["status"] = "canceled"
            shown = json.loads(json.dumps(self.subscriptions[subscription]))
            if self.before_answer:
                self.before_answer(subscription)
            return 200, shown
        return missing
